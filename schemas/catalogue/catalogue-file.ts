import { z } from 'zod';

import { activity, balances, couponBatch, fileName, members, membership, score } from './rules.ts';

/** A broken rule of a catalogue. */
export interface CatalogueProblem {
  /** The place, such as `coupon_batches[0].goods_ids`; empty for the file itself. */
  readonly path: string;
  /** The rule as a sentence without its subject: `must be …`. */
  readonly message: string;
}

const sections = {
  coupon_batches: couponBatch,
  activities: activity,
  memberships: membership.safeExtend({ members }),
  scores: score.safeExtend({ balances }),
};

const NAMES = Object.keys(sections);

const listOf = <E extends z.ZodType>(element: E) => z.array(element, 'must be a list').default([]);

const file = z.strictObject(
  {
    coupon_batches: listOf(sections.coupon_batches),
    activities: listOf(sections.activities),
    memberships: listOf(sections.memberships),
    scores: listOf(sections.scores),
  },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `must not have ${keys.join(', ')}: a catalogue has ${NAMES.join(', ')}`
        : 'must be an object',
  },
);

/** What a catalogue's file says. Amounts in fen, times in ms since 1970. `members` and `balances` may be a file's name. */
export type CatalogueFile = z.output<typeof file>;

/** A file that lists who has an offer. */
export interface HoldersFile {
  readonly kind: 'membership' | 'score';
  /** Its name. */
  readonly holders: string;
  /** Where the catalogue names it, such as `memberships[0].members`. */
  readonly holdersPath: string;
}

export type ParsedCatalogue =
  | { readonly ok: true; readonly catalogue: CatalogueFile }
  | {
      readonly ok: false;
      readonly problems: readonly CatalogueProblem[];
      /** The files that it names all the same. */
      readonly files: readonly HoldersFile[];
    };

/** Reads what a catalogue's file holds, or says every rule that it breaks. @param input its YAML or JSON, parsed */
export function parseCatalogue(input: unknown): ParsedCatalogue {
  const parsed = file.safeParse(input ?? {});
  const problems = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) => ({ path: pathText(path), message })),
    ...repeated(input),
    ...(parsed.success && isEmptied(parsed.data, input) ? [EMPTIED] : []),
  ];
  return parsed.success && problems.length === 0
    ? { ok: true, catalogue: parsed.data }
    : { ok: false, problems, files: [...holdersFiles(input)] };
}

// A file that lost its content must not take all offers away: who wants that says so of each list.
const isEmptied = (catalogue: CatalogueFile, input: unknown): boolean =>
  Object.values(catalogue).flat().length === 0 && Object.keys(input ?? {}).length < NAMES.length;

const EMPTIED: CatalogueProblem = {
  path: '',
  message: `must have an offer: to take all offers away, write ${NAMES.map((name) => `${name}: []`).join(', ')}`,
};

const withId = z.looseObject({
  app_id: z.string(),
  id: z.string().optional(),
  coupon_batch_id: z.string().optional(),
});

/** An offer's id is the only one of its kind in its app; judged also where other fields break their rules. */
function* repeated(input: unknown): Generator<CatalogueProblem> {
  for (const section of NAMES) {
    const seen = new Map<string, number>();
    for (const [at, entry] of entriesOf(input, section)) {
      const offer = withId.safeParse(entry).data;
      const id = offer?.coupon_batch_id ?? offer?.id;
      if (offer === undefined || id === undefined) continue;
      const key = JSON.stringify([offer.app_id, id]);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, at);
      else yield { path: `${section}[${at}]`, message: `must not repeat the id of ${section}[${first}]` };
    }
  }
}

function* holdersFiles(input: unknown): Generator<HoldersFile> {
  const fields = [
    { section: 'memberships', kind: 'membership', field: 'members' },
    { section: 'scores', kind: 'score', field: 'balances' },
  ] as const;
  for (const { section, kind, field } of fields)
    for (const [at, entry] of entriesOf(input, section)) {
      const holders = fileName.safeParse(anyObject.safeParse(entry).data?.[field]).data;
      if (holders !== undefined) yield { kind, holders, holdersPath: `${section}[${at}].${field}` };
    }
}

const anyObject = z.record(z.string(), z.unknown());

function entriesOf(input: unknown, section: string): Iterable<[at: number, entry: unknown]> {
  const entries = anyObject.safeParse(input).data?.[section];
  return Array.isArray(entries) ? entries.entries() : [];
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`,
    '',
  );
}
