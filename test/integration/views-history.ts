import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

const STATUSES = ['give_order', 'pay', 'cancel_pay', 'payed', 'cancel_give_order', 'refund'] as const;

const EVENT =
  'time, event_id, order_time, pay_amt_fen, open_id, coupon_batch_id, chan_wxapp_scene, chan_id, chan_shop_id, coupon_ids';

const ABSENT = `(
  toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC'), toFixedString('', 16),
  toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC'), toInt64(0), '', '', toInt32(0), '', '', emptyArrayString())`;

/**
 * Random histories of orders, straight into the store: few orders, few moments and few values, so that ties, repeated
 * statuses, impossible paths and contradicting events are frequent; an eighth of the events again at other places.
 */
export async function insertHistories(clickhouse: ClickHouse, seed: number, events: number): Promise<void> {
  await clickhouse.command(eventsSql(seed, events), { timeoutMs: 120_000 });
  await clickhouse.command(
    `INSERT INTO kaquan_store.events
     SELECT * REPLACE (offset + 1000000 AS offset, 'again' AS tracking_id, record_time + 1000 AS record_time)
     FROM kaquan_store.events WHERE cityHash64(event_id) % 8 = 0`,
  );
}

/** `choice(name, n)`: a number below n that depends on the row and on nothing else. */
function eventsSql(seed: number, events: number): string {
  const choice = (name: string, below: number) => `cityHash64(${seed}, '${name}', number) % ${below}`;
  return `
    INSERT INTO kaquan_store.events
        (app_id, time, event_id, generation, partition, offset, record_time, order_id, order_time, order_status,
         coupon_batch_id, pay_amt_fen, coupon_ids, page, open_id, chan_wxapp_scene, chan_id, chan_shop_id)
    SELECT
        concat('wx', toString(order % 3)) AS app_id,
        toDateTime64('2025-03-01 15:59:58.000', 3, 'UTC') + toIntervalMillisecond(order % 40 * 86400000)
            + toIntervalMillisecond(${choice('minute', 6)} * ${choice('step', 5)} * 30000) + toIntervalDay(${choice('day', 40)} % 9) AS time,
        reinterpretAsFixedString(sipHash128(${seed}, number)) AS event_id,
        1 AS generation,
        order % 4 AS partition,
        number AS offset,
        time + toIntervalSecond(if(${choice('clock', 50)} = 0, -301, 1)) AS record_time,
        concat('o', toString(order)) AS order_id,
        toDateTime64('2025-03-01 15:00:00.000', 3, 'UTC') + toIntervalDay(order % 40)
            + if(${choice('placed', 30)} = 0, 1, 0) AS order_time,
        toInt8(1 + ${choice('status', 6)}) AS order_status,
        concat('b', toString(${choice('batch', 2)})) AS coupon_batch_id,
        100 + ${choice('amount', 20)} % 2 AS pay_amt_fen,
        [concat('c', toString(${choice('coupon', 3)}))] AS coupon_ids,
        'pages/x' AS page,
        concat('buyer', toString(${choice('buyer', 9)})) AS open_id,
        1000 + ${choice('scene', 2)} AS chan_wxapp_scene,
        if(${choice('channel', 2)} = 0, '', 'ads') AS chan_id,
        '' AS chan_shop_id
    FROM (SELECT number, cityHash64(${seed}, 'order', number) % ${Math.ceil(events / 5)} AS order FROM numbers(${events}))`;
}

/** What a fold of all events would have stored, computed by SQL: states, and a live milestone row per order and status. */
export async function storeFold(clickhouse: ClickHouse): Promise<void> {
  await clickhouse.command(
    `INSERT INTO kaquan_store.states
     SELECT app_id, order_id, 9, ${STATUSES.map(leastOf).join(', ')}
     FROM kaquan_store.events GROUP BY app_id, order_id`,
  );
  for (const status of STATUSES) await clickhouse.command(milestonesSql(status));
}

function leastOf(status: string): string {
  return `if(countIf(order_status = '${status}') = 0, ${ABSENT}, minIf((${EVENT}), order_status = '${status}'))`;
}

function milestonesSql(status: string): string {
  const field = (name: string) => `tupleElement(least, '${name}')`;
  const timeOf = (other: string) => {
    const time = `tupleElement(least_${other}, 'time')`;
    return `if(${time} > toDateTime64('2290-01-01 00:00:00', 3, 'UTC'), NULL, ${time})`;
  };
  const columns = [
    'pay_amt_fen',
    'open_id',
    'coupon_batch_id',
    'chan_wxapp_scene',
    'chan_id',
    'chan_shop_id',
  ];
  return `
    INSERT INTO kaquan_store.milestones
    SELECT
        app_id, toStartOfMinute(${field('time')}), '${status}', order_id, 9, 0, ${field('time')},
        ${columns.map(field).join(', ')},
        ${timeOf('payed')}, ${timeOf('cancel_give_order')}, ${timeOf('refund')}
    FROM
    (
        SELECT
            app_id, order_id, min(${status}) AS least, min(payed) AS least_payed,
            min(cancel_give_order) AS least_cancel_give_order, min(refund) AS least_refund
        FROM kaquan_store.states GROUP BY app_id, order_id
    )
    WHERE ${field('time')} < toDateTime64('2290-01-01 00:00:00', 3, 'UTC')`;
}

/** What a fold leaves behind on its way: lower revisions at the same places, and places that were left for good. */
export async function storePast(clickhouse: ClickHouse): Promise<void> {
  const past = (replaced: string, condition: string) =>
    clickhouse.command(
      `INSERT INTO kaquan_store.milestones
       SELECT * REPLACE (${replaced}) FROM kaquan_store.milestones WHERE ${condition}`,
    );
  await past(
    "toUInt32(3) AS revision, 77 AS pay_amt_fen, 'past' AS coupon_batch_id",
    'cityHash64(order_id) % 3 = 0',
  );
  await past(
    'toUInt32(4) AS revision, toUInt8(1) AS is_deleted',
    'revision = 9 AND cityHash64(order_id) % 5 = 0',
  );
  await past(
    'toUInt8(1) AS is_deleted, minute + toIntervalMinute(1000) AS minute',
    'revision = 9 AND cityHash64(order_id) % 7 = 0',
  );
}
