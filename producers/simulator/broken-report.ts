import type { Report } from './surroundings.ts';

interface Props {
  coupon: Report;
  wx_user: Report;
  chan: Report;
}

/** Ways in which reports go wrong in the field, each against a rule of the specification. */
const BREAKS: readonly ((props: Report & Props) => void)[] = [
  (props) => {
    delete props.coupon['order_id'];
  },
  (props) => {
    props.coupon['order_status'] = 'paid';
  },
  (props) => {
    props['time'] = String(props['time']).slice(0, 10);
  },
  (props) => {
    props.coupon['pay_amt'] = '9.999';
  },
  (props) => {
    props['page'] = `/${String(props['page'])}`;
  },
  (props) => {
    props['coupon_info'] = [];
  },
  (props) => {
    props.wx_user['open_id'] = '';
  },
  (props) => {
    props.chan['chan_wxapp_scene'] = String(props.chan['chan_wxapp_scene']);
  },
  (props) => {
    props.wx_user['tag'] = [{ tag_id: '游客' }];
  },
  (props) => {
    props.chan['chan_custom'] = { chan_custom_id: 'mp-article-12375' };
  },
  (props) => {
    props.chan['chan_shop_id'] = 'S0001';
    delete props.chan['chan_shop_name'];
  },
];

export const BREAK_COUNT = BREAKS.length;

/** A copy of a report with `type` and `props` that breaks one rule. @param index which one, counted on without end */
export function breakReport(report: Report, index: number): Report {
  const copy = structuredClone(report);
  const props = copy['props'];
  if (!isProps(props)) throw new TypeError('a report with coupon, wx_user and chan below props is needed');
  BREAKS[index % BREAKS.length]?.(props);
  return copy;
}

const isRecord = (value: unknown): value is Report => typeof value === 'object' && value !== null;

const isProps = (props: unknown): props is Report & Props =>
  isRecord(props) && isRecord(props['coupon']) && isRecord(props['wx_user']) && isRecord(props['chan']);
