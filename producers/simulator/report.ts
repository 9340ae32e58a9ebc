import type { Order, Step } from './order.ts';
import { surroundingsOf, type Report } from './surroundings.ts';

/** How a report is written down; all forms of one report mean the same event. */
export interface Form {
  /** The key that the specification's HTTP sample uses instead of `coupon`. */
  readonly legacyKey: boolean;
  readonly amountAsNumber: boolean;
  readonly timesAsNumbers: boolean;
  /** Without the `{type, props}` around it. */
  readonly bare: boolean;
  readonly reversed: boolean;
}

export const USUAL_FORM: Form = {
  legacyKey: false,
  amountAsNumber: false,
  timesAsNumbers: false,
  bare: false,
  reversed: false,
};

const SDK_VERSION = '2.1.1';

/** The report of one step of an order. */
export function reportOf(order: Order, step: Step, form: Form): Report {
  const inFull = step.reporter === 'mini-program';
  const props = inFull ? fullProps(order, step, form) : requiredProps(order, step, form);
  const written = form.reversed ? reversed(props) : props;
  if (form.bare) return written;
  if (!inFull) return { type: 'coupon_order', props: written };
  const { trackingId } = surroundingsOf(order);
  return { type: 'coupon_order', props: written, from: 'sr-sdk-wxapp', tracking_id: trackingId };
}

const timeText = (time: number, form: Form): string | number => (form.timesAsNumbers ? time : String(time));

function couponOf(order: Order, step: Step, form: Form): Report {
  return {
    order_id: order.id,
    order_time: timeText(order.placedAt, form),
    order_status: step.status,
    coupon_batch_id: order.batch.id,
    pay_amt: form.amountAsNumber ? order.payAmtFen / 100 : yuan(order.payAmtFen),
  };
}

const yuan = (fen: number): string => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;

function requiredProps(order: Order, step: Step, form: Form): Report {
  return {
    [form.legacyKey ? 'order' : 'coupon']: couponOf(order, step, form),
    coupon_info: couponInfoOf(order),
    page: 'pages/order/notify',
    time: timeText(step.time, form),
    wx_user: { app_id: order.app.id, open_id: order.buyer.openId },
    chan: { chan_wxapp_scene: order.scene },
  };
}

function fullProps(order: Order, step: Step, form: Form): Report {
  const { wx_user, chan } = surroundingsOf(order);
  return {
    [form.legacyKey ? 'order' : 'coupon']: couponOf(order, step, form),
    coupon_info: couponInfoOf(order),
    page: order.batch.page,
    page_title: order.batch.title,
    sr_sdk_version: SDK_VERSION,
    time: timeText(step.time, form),
    wx_user,
    chan,
    component: NO_COMPONENT,
  };
}

const reversed = (props: Report): Report => Object.fromEntries(Object.entries(props).reverse());

const NO_COMPONENT = { component_id: '', component_name: '' };

const couponInfoOf = ({ couponIds }: Order): Report[] => couponIds.map((id) => ({ coupon_id: id }));
