import fc from 'fast-check';
import { ORDER_STATUSES, parseReport, type CouponOrderEvent } from '../../schemas/index.ts';

/** A report body as it lies on the wire. */
export interface Report {
  type: 'coupon_order';
  props: Record<string, unknown>;
  from?: string | null;
  tracking_id?: string | null;
  log_id?: number;
}

/** Any well-formed text without the replacement character. */
export function arbitraryText(minLength = 0, maxLength = 20): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength, maxLength }).map((text) => text.replaceAll('\ufffd', '?'));
}

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof({ arbitrary: value, weight: 3 }, fc.constantFrom(null, undefined));

const id = fc.oneof(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 32 }), arbitraryText(1, 32));

/** A time as a text or as a number of 13 digits. */
const time = fc
  .tuple(fc.integer({ min: 1_000_000_000_000, max: 4_102_444_800_000 }), fc.boolean())
  .map(([millis, asText]) => (asText ? String(millis) : millis));

/** An amount in yuan in each form that a report may have it in. */
const amount = fc
  .tuple(fc.integer({ min: 0, max: 10_000_000_000_000 }), fc.constantFrom('text', 'zeros', 'number'))
  .map(([fen, form]) => {
    const text = `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`;
    return form === 'number' ? Number(text) : form === 'zeros' ? `${text}00` : text;
  });

/** Properties that the specification does not know, also with names that JavaScript treats specially. */
const unknown = fc.oneof(
  { arbitrary: fc.constant<[string, unknown][]>([]), weight: 4 },
  fc.array(
    fc.tuple(
      fc.oneof(
        arbitraryText(1, 8).map((text) => `x_${text}`),
        fc.constantFrom('__proto__', 'constructor', '0', '10', '9'),
      ),
      fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
    ),
    { maxLength: 4 },
  ),
);

/** An object of `members`, null or left out where they are undefined, and of unknown properties, in any order. */
function record(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(fc.record(members), unknown, fc.boolean()).map(([known, more, unknownFirst]) => {
    const present = Object.entries(known).filter(([, value]) => value !== undefined);
    return Object.fromEntries(unknownFirst ? [...more, ...present] : [...present, ...more]);
  });
}

const freeObject = optional(
  fc.dictionary(arbitraryText(1, 6), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
);

const order = record({
  order_id: id,
  order_time: time,
  order_status: fc.constantFrom(...ORDER_STATUSES),
  coupon_batch_id: id,
  pay_amt: amount,
});

const tag = fc.oneof(record({ tag_id: arbitraryText(1), tag_name: arbitraryText(1) }), record({}));

const user = record({
  app_id: id,
  open_id: id,
  user_id: optional(arbitraryText()),
  union_id: optional(arbitraryText()),
  local_id: optional(arbitraryText()),
  tag: optional(fc.array(tag, { maxLength: 3 })),
  extra: freeObject,
});

const LEVELS = ['chan_custom_id', 'chan_custom_cat_3', 'chan_custom_cat_2', 'chan_custom_cat_1'];
const customFields = LEVELS.flatMap((level) => [level, `${level}_desc`]).map(
  (name) => [name, arbitraryText(1)] as const,
);
const custom = fc.oneof(record(Object.fromEntries(customFields)), record({}));

const shop = fc.oneof(
  fc.record({ chan_shop_id: id, chan_shop_name: id }),
  fc.record({ chan_shop_id: fc.constant(''), chan_shop_name: optional(arbitraryText()) }),
  fc.constant({}),
);

const channel = fc
  .tuple(
    record({
      chan_wxapp_scene: fc.integer(),
      chan_id: optional(arbitraryText()),
      chan_refer_app_id: optional(arbitraryText()),
      chan_custom: optional(custom),
      extra: freeObject,
    }),
    shop,
  )
  .map(([chan, some]) => Object.fromEntries([...Object.entries(chan), ...Object.entries(some)]));

const page = arbitraryText(1, 60).map((text) => text.replace(/^\/+/, 'p'));

const props = fc
  .tuple(
    record({
      coupon_info: fc.array(record({ coupon_id: id }), { minLength: 1, maxLength: 4 }),
      page,
      page_title: optional(arbitraryText()),
      sr_sdk_version: optional(arbitraryText()),
      time,
      wx_user: user,
      chan: channel,
      component: optional(
        record({ component_id: optional(arbitraryText()), component_name: optional(arbitraryText()) }),
      ),
    }),
    fc.constantFrom('coupon', 'order'),
    order,
  )
  .map(([members, key, facts]) => Object.fromEntries([...Object.entries(members), [key, facts]]));

/** Any valid report body. */
export function arbitraryReport(): fc.Arbitrary<Report> {
  return fc
    .record(
      {
        type: fc.constant('coupon_order' as const),
        props,
        from: fc.option(arbitraryText()),
        tracking_id: fc.option(arbitraryText()),
        log_id: fc.nat(),
      },
      { requiredKeys: ['type', 'props'] },
    )
    .map((report) => report);
}

/** Any valid event, normalised. */
export function arbitraryEvent(): fc.Arbitrary<CouponOrderEvent> {
  return arbitraryReport().map(eventOf);
}

/**
 * The event of a report that is valid.
 * @throws if it is not, naming the rules it breaks.
 */
export function eventOf(report: unknown): CouponOrderEvent {
  const parsed = parseReport(report);
  if (!parsed.ok) throw new Error(`the report is not valid: ${JSON.stringify(parsed.violations)}`);
  return parsed.event;
}
