import type { Bundle } from '../../domain/coupon/marketing-info.ts';
import type { Explained, Explanation, WhyNot } from './explanation.ts';

const WHY_NOT: Readonly<Record<WhyNot, (offer: Explained) => string>> = {
  not_yet_valid: () => 'not yet valid',
  expired: () => 'expired',
  goods_not_bought: () => 'none of its goods is bought',
  threshold_not_met: ({ sum, threshold_amount }) => `${yuan(sum)} of ${yuan(threshold_amount)} yuan`,
  redeemed: () => 'redeemed, no longer held',
  refunded: () => 'its order was refunded',
  cancelled: () => 'its order was cancelled',
  batch_not_in_catalogue: () => 'its batch is not in the catalogue of this app',
};

/** For a person: a line per offer, then what is chosen by default. Amounts in yuan. */
export function asText({ offers, info }: Explanation): string {
  const goods = info.goods_valid_marketing_info.default_marketing_info.map(
    ({ goods_id, valid_marketing_info }) => `  ${goods_id}: ${chosenText(valid_marketing_info)}\n`,
  );
  const order = `  the order: ${chosenText(info.order_valid_marketing_info.default_marketing_info)}\n`;
  const lines =
    offers.length === 0
      ? 'this buyer holds nothing, and the app offers nothing\n'
      : offers.map(offerText).join('');
  return `${lines}chosen by default:\n${goods.join('')}${order}`;
}

function offerText(offer: Explained): string {
  const { kind, id, name, usable, reasons, order_id } = offer;
  const title = [kind, id, name === '' ? '' : `“${name}”`, order_id === null ? '' : `(order ${order_id})`];
  const verdict = usable
    ? usableText(offer)
    : `no: ${reasons.map((reason) => WHY_NOT[reason](offer)).join('; ')}`;
  return `${title.filter(Boolean).join(' ')}\n    ${verdict}\n`;
}

function usableText({ dimension, goods_ids, saving }: Explained): string {
  const place = dimension === 'order' ? 'the order' : goods_ids.join(', ');
  return `yes: for ${place}${saving === null ? '' : `, saves ${yuan(saving)} yuan`}`;
}

const chosenText = ({ coupon_ids, activity_ids, membership_ids, score_info }: Bundle): string =>
  [...coupon_ids, ...activity_ids, ...membership_ids, ...score_info.map(({ id }) => id)].join(', ') ||
  'nothing';

const yuan = (fen: number | null): string => ((fen ?? 0) / 100).toFixed(2);
