import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect } from '@jest/globals';

import type { Verdict } from '../../cli/chaos/oracle/verdict.ts';
import { connectKafka } from '../../cli/connections.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done } from '../e2e/kaquan.ts';
import { figure } from './figures.ts';
import { lookUpsAgree } from './look-ups.ts';

type Env = Readonly<Record<string, string | undefined>>;

const ORACLE = fileURLToPath(new URL('../../dist/cli/chaos/oracle/main.js', import.meta.url));
const run = promisify(execFile);

/** The verdict of the oracle, which is a process of its own. @param faults what the report API was told to do */
export async function oracleOf(env: Env, faults: object = {}): Promise<Verdict> {
  const { stdout } = await run(process.execPath, [ORACLE, JSON.stringify(faults)], {
    env: { ...env },
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout) as Verdict;
}

export interface ProofOptions {
  /** For the figures: which scenario ends here. */
  readonly scenario: string;
  /** The receiver's log; nothing was reported unless told. */
  readonly receipts?: string;
  /** What the report API was told to do. */
  readonly api?: object;
  /** How often each fault happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly seeds?: readonly string[];
}

const NOTHING = { records: 0, events: 0 };

/** What earlier scenarios on the same stack have verified: an event counts once in the figures. */
const verified = new Map<string | undefined, typeof NOTHING>();

type Proof = Pick<ProofOptions, 'scenario' | 'faults' | 'seeds'>;

/** Adds what the oracle found on this stack, and no scenario before had counted, to the figures. */
export function proofFigure(
  env: Env,
  found: Pick<Verdict, 'records' | 'counted'>,
  { scenario, faults, seeds = [] }: Proof,
  unaccounted: number,
): void {
  const before = verified.get(env['CLICKHOUSE_URL']) ?? NOTHING;
  const now = { records: found.records, events: found.counted.same };
  verified.set(env['CLICKHOUSE_URL'], now);
  const fresh = { records: now.records - before.records, events: now.events - before.events };
  figure({ scenario, seeds, ...fresh, faults, unaccounted });
}

/** The end of every scenario: the audit is clean, the oracle finds every id where it belongs, and look-ups find what views say. */
export async function proven(env: Env, { receipts, api, ...proof }: ProofOptions): Promise<Verdict> {
  for (const [fault, count] of Object.entries(proof.faults))
    expect({ fault, happened: count > 0 }).toEqual({ fault, happened: true });
  const found = await oracleOf({ ...env, RECEIVER_LOG: receipts }, api);
  const nothing = { missing: [], surplus: [] };
  expect(found.counted).toMatchObject(nothing);
  if (receipts !== undefined) expect(found.reported).toMatchObject(nothing);
  expect(found).toMatchObject({ reordered: [], differences: [] });
  await lookUpsAgree(env['CLICKHOUSE_URL'] ?? '');
  const { stdout } = await done(['audit', '--json'], env);
  const audit = JSON.parse(stdout) as { unaccounted_offsets: number };
  expect(audit).toMatchObject({ clean: true, unaccounted_offsets: 0, differences: 0 });
  proofFigure(env, found, proof, audit.unaccounted_offsets);
  return found;
}

/** What the group has committed, by partition. */
export async function commitsOf(env: Env, group: string): Promise<Map<number, number>> {
  const admin = await connectKafka(env);
  return admin.committed(group, TOPIC).finally(() => admin.close());
}
