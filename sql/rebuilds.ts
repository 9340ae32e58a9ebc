import type { ClickHouse, RequestOptions } from '../runtime/clickhouse/client.ts';
import { OperatorError } from '../runtime/process/operator-error.ts';
import { firstRow } from './records.ts';

/** A step of a rebuild, as it is recorded. */
export interface RebuildStep {
  /** Which rebuild, from 1. */
  readonly number: number;
  readonly sequence: number;
  readonly step: 'hold' | 'exchange' | 'release';
  /** The groups whose consumers are to stay away. */
  readonly groups: readonly string[];
  /** Of an exchange: what is left to do, as JSON. */
  readonly plan: string;
}

/** A rebuild that keeps the consumers of groups away. */
export interface Hold {
  readonly number: number;
  readonly step: 'hold' | 'exchange';
  readonly groups: readonly string[];
  /** Since when, ms since 1970, by the clock of ClickHouse. */
  readonly since: number;
}

/** A consumer may not go on with what it has: it has to begin again, once no rebuild keeps it away. */
export class HeldError extends OperatorError {
  override readonly name = 'HeldError';
}

/** A hold that was not renewed for so long is a dead rebuild's; s. */
const HOLD_LIVES_S = 30;

/** How often a hold has to be renewed; ms. */
export const HOLD_RENEWAL_MS = 5000;

/** The last step of the last rebuild; undefined: there was none. */
export async function lastStep(clickhouse: ClickHouse): Promise<RebuildStep | undefined> {
  const [row] = await clickhouse.query<RebuildStep>(
    `SELECT number, sequence, step, consumer_groups AS groups, plan FROM kaquan_store.rebuilds
     ORDER BY number DESC, sequence DESC LIMIT 1`,
  );
  return row;
}

export async function recordStep(clickhouse: ClickHouse, step: RebuildStep): Promise<void> {
  await clickhouse.command(
    `INSERT INTO kaquan_store.rebuilds (number, sequence, step, consumer_groups, plan)
     SELECT {number:UInt32}, {sequence:UInt32}, {step:String}, {groups:Array(String)}, {plan:String}`,
    { params: { ...step, groups: [...step.groups] } },
  );
}

/** The rebuild that keeps consumers away now; undefined: none does. */
export async function presentHold(
  clickhouse: ClickHouse,
  options: RequestOptions = {},
): Promise<Hold | undefined> {
  const [row] = await clickhouse.query<Omit<Hold, 'step'> & Pick<RebuildStep, 'step'> & { held: 0 | 1 }>(
    `SELECT number, argMax(step, sequence) AS step, argMax(consumer_groups, sequence) AS groups,
       toFloat64(toUnixTimestamp64Milli(min(at))) AS since,
       step = 'exchange' OR step = 'hold' AND max(at) > now64(3) - INTERVAL ${HOLD_LIVES_S} SECOND AS held
     FROM kaquan_store.rebuilds GROUP BY number ORDER BY number DESC LIMIT 1`,
    options,
  );
  if (row === undefined || row.held === 0 || row.step === 'release') return undefined;
  const { number, step, groups, since } = row;
  return { number, step, groups, since };
}

/** Whether consumers of `group` have to stay away now. A member must ask after it joined: whoever holds looks for members then. */
export async function holdOn(
  clickhouse: ClickHouse,
  group: string,
  options: RequestOptions = {},
): Promise<Hold | undefined> {
  const hold = await presentHold(clickhouse, options);
  return hold?.groups.includes(group) === true ? hold : undefined;
}

/** @throws {HeldError} when consumers of `group` have to stay away now */
export async function refuseHeld(
  clickhouse: ClickHouse,
  group: string,
  options: RequestOptions,
): Promise<void> {
  const held = await holdOn(clickhouse, group, options);
  if (held !== undefined) throw new HeldError(reasonOf(held));
}

/** What the rebuild does that keeps consumers away. */
export const doingOf = ({ number, step }: Pick<Hold, 'number' | 'step'>): string =>
  step === 'hold'
    ? `rebuild ${number} is about to exchange the tables`
    : `rebuild ${number} exchanges the tables`;

/** Why consumers stay away, and what ends it. */
export const reasonOf = (hold: Pick<Hold, 'number' | 'step'>): string =>
  hold.step === 'hold'
    ? doingOf(hold)
    : `${doingOf(hold)}; if it was interrupted, \`kaquan rebuild orders\` finishes it`;

/** What a person is to do about it. */
export const HOLD_WAY =
  'Wait for it; if nobody runs it any more, run kaquan rebuild orders again, which finishes or releases it.';

const LAST_EXCHANGE = "(SELECT max(number) FROM kaquan_store.rebuilds WHERE step = 'exchange')";

/** The number of the last exchange: who writes states and milestones names it. 0: there was none; undefined: no table of them. */
export async function exchangeNumber(clickhouse: ClickHouse): Promise<number | undefined> {
  return (await firstRow<{ number: number }>(clickhouse, `SELECT ${LAST_EXCHANGE} AS number`))?.number;
}

/** The condition of an insert that fails (FENCED) once an exchange has begun after `exchange`. Judged within the insert itself. */
export const unlessExchanged = (exchange: number): string =>
  `NOT throwIf(${LAST_EXCHANGE} != ${exchange}, 'kaquan rebuild exchanged the tables')`;

/** FUNCTION_THROW_IF_VALUE_IS_NON_ZERO */
export const FENCED = 395;
