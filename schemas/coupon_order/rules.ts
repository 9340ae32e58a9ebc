import { z } from 'zod';
import { customChannel, namedShop, oneOrder, pairedTag, under, type ChanCustomMode } from './conditions.ts';
import { BOUNDS, ORDER_STATUSES } from './event.ts';
import {
  arrayOf,
  freeObject,
  missing,
  objectOf,
  optionalText,
  readable,
  requiredObject,
  requiredText,
  symbolOf,
} from './fields.ts';
import { readAmount, readScene, readTime } from './numbers.ts';
import { broken } from './violation.ts';

const coupon = objectOf({
  order_id: requiredText('R3'),
  order_time: readable((value) => readTime(value, missing('R3'))),
  order_status: symbolOf(ORDER_STATUSES, 'R3', broken('R4', `must be one of ${ORDER_STATUSES.join(', ')}`)),
  coupon_batch_id: requiredText('R3'),
  pay_amt: readable(readAmount),
}).nullish();

const couponInfo = arrayOf(
  requiredObject('R7', { coupon_id: requiredText('R7') }),
  broken('R2', 'must be present'),
  1,
  broken('A8', 'must have at least 1 element'),
);

const page = requiredText('R2', BOUNDS.page).refine(
  (value) => !value.startsWith('/'),
  broken('R8', 'must not start with /'),
);

const wxUser = requiredObject('R2', {
  app_id: requiredText('R9'),
  open_id: requiredText('R9'),
  user_id: optionalText,
  union_id: optionalText,
  local_id: optionalText,
  tag: arrayOf(under(objectOf({ tag_id: optionalText, tag_name: optionalText }), pairedTag)).nullish(),
  extra: freeObject,
});

const channel = {
  chan_wxapp_scene: readable(readScene),
  chan_id: optionalText,
  chan_refer_app_id: optionalText,
  chan_shop_id: optionalText,
  chan_shop_name: optionalText,
  extra: freeObject,
};

const chanCustom = {
  chan_custom_id: optionalText,
  chan_custom_id_desc: optionalText,
  chan_custom_cat_3: optionalText,
  chan_custom_cat_3_desc: optionalText,
  chan_custom_cat_2: optionalText,
  chan_custom_cat_2_desc: optionalText,
  chan_custom_cat_1: optionalText,
  chan_custom_cat_1_desc: optionalText,
};

function propsRules(mode: ChanCustomMode) {
  const custom = under(objectOf(chanCustom), customChannel(mode)).nullish();
  const props = requiredObject('R2', {
    coupon,
    order: coupon,
    coupon_info: couponInfo,
    page,
    page_title: optionalText,
    sr_sdk_version: optionalText,
    time: readable((value) => readTime(value, missing('R2'))),
    wx_user: wxUser,
    chan: under(requiredObject('R2', { ...channel, chan_custom: custom }), namedShop),
    component: objectOf({ component_id: optionalText, component_name: optionalText }).nullish(),
  });
  return under(props, oneOrder);
}

function rulesOf(mode: ChanCustomMode) {
  const props = propsRules(mode);
  const body = z.object(
    {
      type: z.literal('coupon_order', { error: broken('R1', 'must be coupon_order') }),
      props,
      from: optionalText,
      tracking_id: optionalText,
    },
    { error: broken('R14', 'must be an object') },
  );
  return { body, props };
}

/** The rules of a report body and of bare props, one definition of both, per reading of `chan_custom`. */
export const RULES = { strict: rulesOf('strict'), hierarchical: rulesOf('hierarchical') } as const;

/** What the rules make of a report's props. */
export type Props = z.output<(typeof RULES)['strict']['props']>;
