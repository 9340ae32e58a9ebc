import { describe, expect, it } from '@jest/globals';
import { BOUNDS, withinBounds, type CouponOrderEvent } from '../../../schemas/index.ts';
import { eventOf } from '../../arbitrary/event.ts';
import { validExamples } from './example-files.ts';

const event = eventOf(new Map(validExamples()).get('full'));
const text = (length: number) => 'x'.repeat(length);
const withUser = (members: Partial<CouponOrderEvent['wx_user']>) => ({
  ...event,
  wx_user: { ...event.wx_user, ...members },
});

describe('withinBounds', () => {
  it.each<[string, CouponOrderEvent]>([
    ['a string', { ...event, page_title: text(BOUNDS.string) }],
    ['the page', { ...event, page: text(BOUNDS.page) }],
    ['unknown properties', { ...event, unknown: text(BOUNDS.json) }],
    ['an extra', withUser({ extra: text(BOUNDS.json) })],
    ['an array', { ...event, coupon_info: Array.from({ length: BOUNDS.array }, () => ({ coupon_id: 'c' })) }],
    ['the amount', { ...event, coupon: { ...event.coupon, pay_amt: BOUNDS.payAmt } }],
  ])('lets %s be as large as its bound', (_name, large) => {
    expect(withinBounds(large)).toBe(true);
  });

  it.each<[string, CouponOrderEvent]>([
    ['a string', { ...event, page_title: text(BOUNDS.string + 1) }],
    ['a string in an array', { ...event, coupon_info: [{ coupon_id: text(BOUNDS.string + 1) }] }],
    ['a tag', withUser({ tag: [{ tag_id: null, tag_name: text(BOUNDS.string + 1) }] })],
    ['a user’s string', withUser({ user_id: text(BOUNDS.string + 1) })],
    ['the envelope', { ...event, tracking_id: text(BOUNDS.string + 1) }],
    ['a component', { ...event, component: { component_id: text(BOUNDS.string + 1), component_name: null } }],
    ['the page', { ...event, page: text(BOUNDS.page + 1) }],
    ['unknown properties, in bytes', { ...event, unknown: '题'.repeat(BOUNDS.json / 3 + 1) }],
    ['a channel’s extra', { ...event, chan: { ...event.chan, extra: text(BOUNDS.json + 1) } }],
    [
      'coupon_info',
      { ...event, coupon_info: Array.from({ length: BOUNDS.array + 1 }, () => ({ coupon_id: 'c' })) },
    ],
    [
      'tags',
      withUser({ tag: Array.from({ length: BOUNDS.array + 1 }, () => ({ tag_id: null, tag_name: null })) }),
    ],
    ['the amount', { ...event, coupon: { ...event.coupon, pay_amt: BOUNDS.payAmt + 1 } }],
    ['the amount below zero', { ...event, coupon: { ...event.coupon, pay_amt: -1 } }],
  ])('refuses %s beyond its bound', (_name, large) => {
    expect(withinBounds(large)).toBe(false);
  });
});
