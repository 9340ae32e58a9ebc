import type { z } from 'zod';
import { broken } from './violation.ts';

/** How `chan_custom` is filled: all eight fields or none, or every level down to the finest, each with its description. */
export type ChanCustomMode = 'strict' | 'hierarchical';

type Members = Readonly<Record<string, unknown>>;

/** Names the members of an object that break a rule together. */
export type Condition = (
  members: Members,
) => Iterable<{ readonly path: readonly string[]; readonly problem: string }>;

/** Adds `condition` to an object: it is checked even if single members are broken, so that all is reported at once. */
export function under<T extends z.ZodType>(schema: T, condition: Condition): T {
  return schema.superRefine(
    (value, context) => {
      for (const { path, problem } of condition(value as Members)) {
        context.addIssue({ code: 'custom', path: [...path], message: problem });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  );
}

const isFilled = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** A member of a wrong type is reported as that, not as missing. */
const isPresent = (value: unknown): boolean => value != null && value !== '';

function* pair(members: Members, given: string, needed: string, rule: string) {
  if (isFilled(members[given]) && !isPresent(members[needed])) {
    yield { path: [needed], problem: broken(rule, `must not be empty where ${given} is filled`) };
  }
}

/** R11: a tag has both of id and name, or neither. */
export const pairedTag: Condition = function* (tag) {
  yield* pair(tag, 'tag_id', 'tag_name', 'R11');
  yield* pair(tag, 'tag_name', 'tag_id', 'R11');
};

/** R12: a shop has a name. */
export const namedShop: Condition = (chan) => pair(chan, 'chan_shop_id', 'chan_shop_name', 'R12');

/** From the finest level to the coarsest. */
const LEVELS = ['chan_custom_id', 'chan_custom_cat_3', 'chan_custom_cat_2', 'chan_custom_cat_1'] as const;
const FIELDS = LEVELS.flatMap((id) => [id, `${id}_desc`]);

const wholeChannel: Condition = function* (custom) {
  if (!FIELDS.some((field) => isFilled(custom[field]))) return;
  const problem = broken('R13', 'must not be empty where any field of chan_custom is filled');
  for (const field of FIELDS) if (!isPresent(custom[field])) yield { path: [field], problem };
};

const nestedChannel: Condition = function* (custom) {
  const problem = broken(
    'R13',
    'must not be empty where a field of the same or of a coarser level is filled',
  );
  const coarsest = LEVELS.findLastIndex((id) => isFilled(custom[id]) || isFilled(custom[`${id}_desc`]));
  for (const field of FIELDS.slice(0, 2 * (coarsest + 1))) {
    if (!isPresent(custom[field])) yield { path: [field], problem };
  }
};

/** R13. */
export function customChannel(mode: ChanCustomMode): Condition {
  return mode === 'strict' ? wholeChannel : nestedChannel;
}

/** A1: the order's facts lie under `coupon`, or under `order`, or equal under both. */
export const oneOrder: Condition = function* ({ coupon, order }) {
  if (coupon == null && order == null) yield { path: ['coupon'], problem: broken('R2', 'must be present') };
  if (isObject(coupon) && isObject(order) && !haveEqualMembers(coupon, order)) {
    yield { path: ['order'], problem: DIFFERENT_ORDER };
  }
};

export const DIFFERENT_ORDER = broken('A1', 'must not differ from coupon where both are present');

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null;

/** Members that are objects break a rule of their own. */
function haveEqualMembers(some: Members, others: Members): boolean {
  return Object.keys({ ...some, ...others }).every(
    (key) => some[key] === others[key] || isObject(some[key]) || isObject(others[key]),
  );
}
