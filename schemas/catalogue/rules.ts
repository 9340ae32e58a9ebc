import { z } from 'zod';

import { BOUNDS } from '../coupon_order/event.ts';

const DAMAGED = /[\ufffd\p{Surrogate}]/u;

/** An id or a text that must be there. YAML reads bare digits as a number, and long ones wrongly. */
export const text = z
  .string({
    error: ({ input }) =>
      input == null
        ? 'must be present'
        : typeof input === 'number'
          ? 'must be a string: put it in quotes'
          : 'must be a string',
  })
  .min(1, 'must not be empty')
  .max(BOUNDS.string, `must have at most ${BOUNDS.string} characters`)
  .refine((value) => !DAMAGED.test(value), 'must be well-formed Unicode without U+FFFD');

// Not z.int: what it refuses would keep the rules between fields from being judged.
function whole(unit: string) {
  const rule = `must be a whole number of ${unit}`;
  return z
    .number({ error: ({ input }) => (input == null ? 'must be present' : rule) })
    .refine(Number.isSafeInteger, rule);
}

const fen = whole('fen')
  .min(0, 'must not be negative')
  .max(BOUNDS.payAmt, `must be at most ${BOUNDS.payAmt} fen`);

// Offers are stored as JSON, which bounds no time; but what comes after is no year of four digits, and surely a mistake.
const LAST_MILLIS = 253_402_300_799_999;

const millis = whole('milliseconds since 1970')
  .min(0, 'must not be before 0, which is 1970-01-01T00:00:00Z')
  .max(LAST_MILLIS, `must be at most ${LAST_MILLIS}, which is ${new Date(LAST_MILLIS).toISOString()}`)
  .refine((value) => !/^\d{10}$/.test(String(value)), 'must be in milliseconds: ten digits are seconds');

const points = whole('points').min(0, 'must not be negative');

/** That no text stands twice; judged of those that are texts also where others break their rules. */
function distinct(message: string, textIn: (value: unknown) => unknown = (value) => value) {
  const isDistinct = (values: readonly unknown[]): boolean => {
    const texts = values.map(textIn).filter((one) => typeof one === 'string');
    return new Set(texts).size === texts.length;
  };
  return [isDistinct, { message, when: ({ value }: { value: unknown }) => Array.isArray(value) }] as const;
}

const openIdIn = (value: unknown): unknown => (value as { open_id?: unknown } | null | undefined)?.open_id;

const scope = z.object({
  dimension: z.enum(['goods', 'order'], 'must be goods or order'),
  goods_ids: z
    .array(text, 'must be a list of ids')
    .refine(...distinct('must name no goods twice'))
    .default([]),
});

const period = z.object({ start_time: millis, end_time: millis });

const id = z.object({ app_id: text, id: text });
const amounts = z.object({ threshold_amount: fen, discount_amount: fen });

/** An offer's fields, and the rules between them, which are judged also when other fields break theirs. */
function offer<S extends z.core.$ZodLooseShape>(shape: S) {
  return z
    .strictObject(shape, {
      error: ({ code, keys }) =>
        code === 'unrecognized_keys' ? `must not have ${keys.join(', ')}` : 'must be an object',
    })
    .superRefine(
      (value, context) => {
        for (const { path, message } of relations(value)) context.addIssue({ code: 'custom', path, message });
      },
      { when: () => true },
    );
}

function* relations(value: unknown): Generator<{ path: string[]; message: string }> {
  const applies = scope.safeParse(value).data;
  if (applies?.dimension === 'order' && applies.goods_ids.length > 0)
    yield { path: ['goods_ids'], message: 'must be empty where dimension is order' };
  const lasts = period.safeParse(value).data;
  if (lasts !== undefined && lasts.start_time > lasts.end_time)
    yield { path: ['end_time'], message: 'must not be before start_time' };
}

export const couponBatch = offer({
  app_id: text,
  coupon_batch_id: text,
  name: text,
  rule: text,
  type: whole('the kind of coupon'),
  ...scope.shape,
  ...amounts.shape,
  detail_url: z
    .string('must be a string')
    .max(BOUNDS.page, `must have at most ${BOUNDS.page} characters`)
    .default(''),
  ...period.shape,
});

export const activity = offer({
  ...id.shape,
  name: text,
  rule: text,
  ...scope.shape,
  ...amounts.shape,
  ...period.shape,
});

export const membership = offer({ ...id.shape, desc: text, ...scope.shape, discount_amount: fen });

export const score = offer({ ...id.shape, name: text, ...scope.shape });

/** `ofText` for a string, else `other`: unlike a union's, its issues are those of the one that was meant. */
function textOr<A extends z.ZodType, B extends z.ZodType>(ofText: A, other: B) {
  return z.unknown().transform((value, context): z.output<A> | z.output<B> => {
    const result = (typeof value === 'string' ? ofText : other).safeParse(value);
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues)
      context.issues.push({ code: 'custom', input: value, path, message });
    return z.NEVER;
  });
}

/** A member: `"open_id"`, or `{"open_id": …}`, which a line of a file may be. */
export const member = textOr(
  text,
  z
    .strictObject({ open_id: text }, 'must be an open_id, or {"open_id": …}')
    .transform(({ open_id }) => open_id),
);

export const balance = z.strictObject({ open_id: text, value: points }, 'must be {"open_id": …, "value": …}');

export const fileName = z
  .string()
  .regex(/^[^/\\]+$/, 'must be the name of a file beside the catalogue, without a path');

const LIST = 'must be a list, or the name of an NDJSON file beside the catalogue';

const NO_BUYER_TWICE = 'must name no buyer twice';

export const members = textOr(fileName, z.array(member, LIST).refine(...distinct(NO_BUYER_TWICE)));

export const balances = textOr(
  fileName,
  z.array(balance, LIST).refine(...distinct(NO_BUYER_TWICE, openIdIn)),
);
