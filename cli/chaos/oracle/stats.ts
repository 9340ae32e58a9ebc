import { FIRST_EVENTS } from './first-events.ts';

const FORMATS = {
  stats_minute: '%Y-%m-%d %H:%i:00',
  stats_hour: '%Y-%m-%d %H:00:00',
  stats_day: '%Y-%m-%d',
} as const;

/** The statistics by the wall clock's text, one sub-count per status, from the first events alone. */
export function statsOracle(view: keyof typeof FORMATS, timeZone: string): string {
  const text = `formatDateTime(time, '${FORMATS[view]}', '${timeZone}')`;
  const bucket = view === 'stats_day' ? `toDate(${text})` : `toDateTime(${text}, '${timeZone}')`;
  return `
    WITH ${FIRST_EVENTS}
    SELECT
        ${bucket} AS bucket, app_id, coupon_batch_id, chan_wxapp_scene, chan_id, chan_shop_id,
        sum(order_status = 'give_order') AS placed_orders,
        sum(order_status = 'pay') AS pay_started_orders,
        sum(order_status = 'cancel_pay') AS pay_closed_orders,
        sum(order_status = 'cancel_give_order') AS cancelled_orders,
        sum(order_status = 'payed') AS paid_orders,
        sum(order_status = 'refund') AS refunded_orders,
        sum(if(order_status = 'payed', pay_amt, 0)) AS paid_amount,
        sum(if(order_status = 'refund', pay_amt, 0)) AS refunded_amount,
        length(arrayDistinct(groupArrayIf(open_id, order_status = 'payed'))) AS paying_buyers
    FROM first_events
    GROUP BY ALL`;
}
