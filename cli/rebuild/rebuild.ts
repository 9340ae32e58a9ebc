import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import type { Lock } from '../../sql/lock.ts';
import { lastStep } from '../../sql/rebuilds.ts';
import type { RecordedTopic } from '../../sql/records.ts';
import { ORDER_KEY } from '../audit/order-sql.ts';
import { CommandError } from '../failure.ts';
import { amount } from '../status/wording.ts';
import { accountedCut } from './accounted.ts';
import type { Adoption } from './adoption.ts';
import { compare, type Comparison } from './comparison.ts';
import { below, type Cut } from './cut.ts';
import { earlierOffsets, exchange, hasBegun, readPlan, shadowsNow, type ExchangePlan } from './exchange.ts';
import { foldEvents, type Folded } from './folding.ts';
import { forgottenOrders, type Forgotten } from './forgotten.ts';
import { emptied, hold, releaseAfter, type Holding } from './holding.ts';
import { refillEvents, type Refill } from './refill.ts';
import type { ReplayParts } from './replay.ts';
import { createShadows, dropShadows, shadowOf, type Rebuilt } from './shadows.ts';

export interface RebuildOptions {
  readonly clickhouse: ClickHouse;
  readonly admin: KafkaAdmin;
  /** The group that fills the tables. */
  readonly group: string;
  /** The other groups that read the topic. */
  readonly otherGroups: readonly string[];
  readonly recorded: RecordedTopic;
  /** The living topic is not the recorded one. */
  readonly adoption?: Adoption | undefined;
  /** The version of the fold of this program. */
  readonly foldVersion: string;
  /** The version that the store is recorded to be filled by. */
  readonly storedVersion: string | undefined;
  /** Of a rebuild from the topic: how its records are read, and what is done with those that are no events. */
  readonly replay?: Omit<ReplayParts, 'clickhouse' | 'partitions' | 'origin' | 'mayAccount'>;
  /** Stops the group's consumers for the exchange, instead of refusing as long as there are any. */
  readonly pause: boolean;
  /** Puts the new tables in place also if that takes orders away of which there is no event. */
  readonly acceptLoss: boolean;
  /** Only compares. */
  readonly dryRun: boolean;
  /** Confirms that nobody else rebuilds or migrates. */
  readonly lock: Pick<Lock, 'confirm'>;
  /** ms */
  readonly now: number;
  /** Tells a person what happens. */
  readonly say: (sentence: string) => unknown;
  /** Orders that are folded and compared at once; the default keeps memory within about 200 MB. */
  readonly slice?: number;
}

/** What `kaquan rebuild orders --json` prints. */
export interface Rebuild extends Comparison {
  /** Orders and events that were folded before the comparison. */
  readonly folded: Folded;
  /** Orders whose events a TTL removed: their rows are as they were. */
  readonly carried: number;
  /** The rebuilt tables serve. */
  readonly exchanged: boolean;
}

const SLICE = 50_000;
const TABLES = ['milestones', 'states'] as const;

/** What has been built beside the live tables. */
interface Built {
  readonly cut: Cut;
  readonly tables: readonly Rebuilt[];
  /** The table that events are folded from. */
  readonly events: string;
  readonly forgotten: Forgotten;
  readonly refill: Refill | undefined;
}

/** Folds all stored events once more beside the live tables, compares, and exchanges. @throws {CommandError} naming what to do first */
export async function rebuild(options: RebuildOptions): Promise<Rebuild> {
  const { clickhouse, admin, group, recorded, dryRun, pause, now, say, slice = SLICE } = options;
  if (!dryRun && !pause) for (const held of heldGroups(options)) await refuseMembers(admin, held);
  const cut = cutAt(options, await admin.committed(group, recorded.topic));
  const tables = options.replay === undefined ? TABLES : (['events', ...TABLES] as const);
  await createShadows(clickhouse, tables);
  const forgotten = await forgottenOrders(clickhouse, now, slice);
  refuseAnotherFold(options, forgotten);
  const refill = await refilled(options, cut);
  const events = refill === undefined ? 'events' : shadowOf('events');
  const folded = await foldEvents(
    { clickhouse, events, slice },
    (own) => `${below(cut)} AND ${forgotten.others(own)}`,
  );
  await forgotten.carry();
  say(`${amount(folded.orders)} orders folded from ${amount(folded.events)} records`);
  const compared = await compare(clickhouse, {
    above: `NOT ${below(cut)}`,
    folded: forgotten.others,
    events: refill && `${refill.isReplayed} AND ${forgotten.isKept}`,
    slice,
  });
  const isLoss = compared.eventless > 0 && !options.acceptLoss;
  if (dryRun || isLoss) await dropShadows(clickhouse);
  if (!dryRun && isLoss) throw lossError(compared);
  if (!dryRun) await takeOver(options, { cut, tables, events, forgotten, refill });
  return { ...compared, folded, carried: forgotten.orders, exchanged: !dryRun };
}

/** Events as the log has them, up to what the group committed. */
async function refilled(options: RebuildOptions, cut: Cut): Promise<Refill | undefined> {
  const { clickhouse, admin, group, recorded, replay, dryRun, say } = options;
  if (replay === undefined) return undefined;
  const { topic, generation, partitions } = recorded;
  const part = new Map<number, { from: number; to: number }>();
  const origin = { group, topic, generation };
  const earlier = await earlierOffsets(clickhouse, origin);
  for (const [partition, { start }] of await admin.offsets(topic)) {
    const from = Math.max(start, earlier.get(partition) ?? 0);
    const to = cut.offsets.get(partition) ?? from;
    if (to > from) part.set(partition, { from, to });
  }
  const refill = await refillEvents(
    { ...replay, clickhouse, origin, partitions, generation, mayAccount: !dryRun },
    part,
  );
  say(`${amount(refill.records)} records of the log read again`);
  return refill;
}

/** Those whose consumers may not run during the exchange. */
const heldGroups = ({ group, otherGroups, adoption }: RebuildOptions): readonly string[] =>
  adoption === undefined ? [group] : [group, ...otherGroups];

/** Of a log that is gone, all events that are stored lie below: nobody can add to them. */
const cutAt = ({ recorded, adoption }: RebuildOptions, offsets: Cut['offsets']): Cut =>
  adoption?.kind === 'anew'
    ? { generation: recorded.generation + 1, offsets: new Map() }
    : { generation: recorded.generation, offsets };

async function refuseMembers(admin: KafkaAdmin, group: string): Promise<void> {
  const members = await admin.members(group);
  if (members === 0) return;
  const [consumers, them] = members === 1 ? ['consumer', 'it'] : ['consumers', 'them'];
  throw new CommandError(
    `the group ${group} has ${members} ${consumers}: stop ${them} first, or add --pause, which makes ${them} wait for the ` +
      'exchange. --dry-run only compares, and needs neither.',
  );
}

const lossError = ({ eventless }: Comparison): CommandError =>
  new CommandError(
    `of ${amount(eventless)} orders of the live tables there is no stored event: the rebuilt tables would lose them, and nothing was ` +
      'changed. Restore kaquan_store.events, or rebuild --from topic if the log still has them; --accept-loss goes on without them.',
  );

function refuseAnotherFold({ foldVersion, storedVersion }: RebuildOptions, { orders }: Forgotten): void {
  if (orders === 0 || foldVersion === storedVersion) return;
  throw new CommandError(
    `EVENTS_TTL_DAYS removed events of ${amount(orders)} orders, which were folded by version ${storedVersion ?? 'unknown'} and ` +
      `can't be folded by ${foldVersion}: restore their events from a backup first.`,
  );
}

/** Everything from the hold to the release. */
async function takeOver(options: RebuildOptions, built: Built): Promise<void> {
  const { clickhouse, lock } = options;
  const holding = await hold(clickhouse, heldGroups(options), await lastStep(clickhouse));
  let plan: ExchangePlan;
  try {
    plan = await settledPlan(options, built, holding);
    lock.confirm();
  } catch (error) {
    // Nothing is exchanged yet: the consumers go on with what they have.
    await holding.release();
    throw error;
  }
  await exchange(options, plan);
  await holding.release();
  await dropShadows(clickhouse);
}

/** Catches up with what the group committed, until it can't move any more. */
async function settledPlan(options: RebuildOptions, built: Built, holding: Holding): Promise<ExchangePlan> {
  const { clickhouse, admin, group, recorded, foldVersion } = options;
  const { topic } = recorded;
  let { cut } = built;
  for (let plan: ExchangePlan | undefined; ;) {
    await emptied(admin, heldGroups(options), told(options));
    const committed = await admin.committed(group, topic);
    // A consumer that came before the exchange was recorded, and went: it may have committed meanwhile.
    if (plan !== undefined && isSame(committed, new Map(plan.committed))) return plan;
    const offsets = await goOnFrom(options, committed);
    const now = cutAt(options, offsets);
    await catchUp(options, { ...built, cut }, now);
    cut = now;
    plan = {
      group,
      topic,
      committed: [...committed],
      offsets: [...offsets],
      tables: await shadowsNow(clickhouse, built.tables),
      foldVersion,
      adopted: await adoptionPlan(options, offsets),
    };
    await holding.exchange(JSON.stringify(plan));
  }
}

/** What the group goes on from, by partition. */
async function goOnFrom(
  { clickhouse, admin, group, recorded, adoption }: RebuildOptions,
  committed: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, number>> {
  if (adoption?.kind === 'anew') return committed;
  const accounting = { group, ledger: 'events' as const, generation: recorded.generation };
  return accountedCut(clickhouse, admin, recorded.topic, accounting, committed);
}

/** @param offsets what the group goes on from */
async function adoptionPlan(
  options: RebuildOptions,
  offsets: ReadonlyMap<number, number>,
): Promise<ExchangePlan['adopted']> {
  const { admin, group, otherGroups, recorded, adoption } = options;
  if (adoption === undefined) return undefined;
  const commits = [{ group, offsets: [...offsets] }];
  for (const other of otherGroups)
    commits.push({ group: other, offsets: [...(await admin.committed(other, recorded.topic))] });
  const plan = { after: recorded.generation, partitions: adoption.partitions };
  if (adoption.kind === 'grown') return { ...plan, processed: commits, rewound: [] };
  const log = await admin.offsets(recorded.topic);
  // A group without commits begins at the log's start by itself.
  const rewound = commits.map(({ group: one, offsets: own }) => ({
    group: one,
    offsets: own
      .filter(([partition]) => log.has(partition))
      .map(([partition]): [number, number] => [partition, log.get(partition)?.start ?? 0]),
  }));
  return { ...plan, processed: [], rewound };
}

const told =
  ({ say }: Pick<RebuildOptions, 'say'>) =>
  (group: string, members: number) =>
    say(`waiting for ${members} ${members === 1 ? 'consumer' : 'consumers'} of ${group} to commit and leave`);

const isSame = (a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean =>
  a.size === b.size && [...a].every(([partition, offset]) => b.get(partition) === offset);

/** Orders that moved since are folded again from nothing: their rows come out the same, and the new ones beside them. */
async function catchUp(
  { clickhouse, say, slice = SLICE }: RebuildOptions,
  { cut: from, events, forgotten, refill }: Built,
  to: Cut,
): Promise<void> {
  await refill?.catchUp();
  const moved = (own: string): string =>
    `${ORDER_KEY} IN (SELECT ${ORDER_KEY} FROM kaquan_store.${events} WHERE ${own} AND ${below(to)} AND NOT ${below(from)})`;
  const condition = (own: string) => `${below(to)} AND ${moved(own)} AND ${forgotten.others(own)}`;
  const { orders } = await foldEvents({ clickhouse, events, slice }, condition);
  await forgotten.carry();
  await refill?.mend();
  say(`${amount(orders)} orders moved meanwhile, and are caught up with`);
}

/** Finishes what another run was killed in the midst of. @returns whether there was an exchange to finish */
export async function finishExchange(
  parts: Pick<RebuildOptions, 'clickhouse' | 'admin' | 'say'>,
): Promise<boolean> {
  const { clickhouse, admin } = parts;
  const last = await lastStep(clickhouse);
  if (last?.step !== 'exchange') return false;
  const plan = readPlan(last.plan);
  await emptied(admin, last.groups, told(parts));
  const committed = await admin.committed(plan.group, plan.topic);
  // Before the first table is exchanged the shadows may be behind; then nothing was done, and nothing is lost.
  const isWhole = (await hasBegun(clickhouse, plan)) || isSame(committed, new Map(plan.committed));
  if (isWhole) await exchange(parts, plan);
  await releaseAfter(clickhouse, last);
  await dropShadows(clickhouse);
  return isWhole;
}
