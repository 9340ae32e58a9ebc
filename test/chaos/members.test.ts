import { afterAll, beforeAll, expect, it } from '@jest/globals';

import type { LetterCounts } from '../../cli/dlq/list.ts';
import { REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import { done, simulate, startConsumer, type RunningConsumer } from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { until } from '../integration/embedded-http.ts';
import { arraysAgain } from './arrays-again.ts';
import { scale } from './figures.ts';
import { lagOf } from './group-offsets.ts';
import { oracleOf, proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const PARTITIONS = 6;
const MEMBERS = 3;
const KILLS = scale('CHAOS_MEMBER_KILLS', 2, 12);

let scene: Scene;
let receiver: TestReceiver;

beforeAll(async () => {
  receiver = await startTestReceiver();
  scene = await startScene({
    ...receiver.env,
    KAFKA_PARTITIONS: String(PARTITIONS),
    KAFKA_SESSION_TIMEOUT_MS: '2000',
    REPORT_RATE: '1500',
    REPORT_ARRAY_MAX: '20',
  });
}, 120_000);

afterAll(() => Promise.all([scene.stop(), receiver.stop()]), 60_000);

const join = (): RunningConsumer => startConsumer(scene.env, [], REPORT_GROUP);

const caughtUp = (): Promise<unknown> =>
  until(async () => ((await lagOf(scene.env, REPORT_GROUP)) === 0 ? true : undefined), 240_000);

async function leave(members: readonly RunningConsumer[]): Promise<void> {
  for (const member of members) {
    member.child.kill('SIGTERM');
    expect(await member.ended).toEqual({ code: 0, signal: null });
  }
}

it('tells each event once and in order while members of the group die beside each other', async () => {
  await simulate(scene.env, '--orders', String(1500 * KILLS), '--seed', 'members', '--duplicates', '0.02');
  const members = Array.from({ length: MEMBERS }, join);
  let killed = 0;
  while (killed < KILLS) {
    const before = receiver.receipts().length;
    await until(() => (receiver.receipts().length > before + 15 ? true : undefined), 120_000);
    expect(await lagOf(scene.env, REPORT_GROUP)).toBeGreaterThan(0);
    const [victim] = members.splice(killed % MEMBERS, 1, join());
    victim?.child.kill('SIGKILL');
    expect(await victim?.ended).toEqual({ code: null, signal: 'SIGKILL' });
    killed += 1;
  }
  await caughtUp();
  await leave(members);
  await done(['consume', 'orders', '--until-caught-up'], scene.env);
  expect(arraysAgain(receiver.receipts())).toBeLessThanOrEqual(PARTITIONS * KILLS);
  await proven(scene.env, {
    scenario: 'members of the group report killed',
    seeds: ['members'],
    receipts: receiver.log,
    faults: { 'killed members': killed },
  });
}, 900_000);

const waiting = async (): Promise<number | undefined> => {
  const { stdout } = await done(['dlq', 'list', REPORT_GROUP, '--json'], scene.env);
  return (JSON.parse(stdout) as LetterCounts[])[0]?.waiting;
};

it('takes what is redriven while it runs, and tells nothing twice', async () => {
  await receiver.fail({ seed: 'refusals', events: [{ share: 0.05, code: 1001, msg: 'no such coupon' }] });
  await simulate(scene.env, '--orders', '600', '--seed', 'redriven', '--invalid', '0', '--duplicates', '0');
  const members = [join(), join()];
  await caughtUp();
  const refused = (await waiting()) ?? 0;
  expect(refused).toBeGreaterThan(0);
  const before = receiver.receipts();
  await receiver.fail({ seed: 'refusals' });
  await simulate(scene.env, '--orders', '600', '--seed', 'beside', '--invalid', '0', '--duplicates', '0');
  await done(['dlq', 'redrive', REPORT_GROUP, '--reason', 'refused_by_api'], scene.env);
  await caughtUp();
  await leave(members);
  await done(['consume', 'orders', '--until-caught-up'], scene.env);
  expect(arraysAgain(receiver.receipts())).toBe(arraysAgain(before));
  const nothing = { missing: [], surplus: [] };
  const found = await oracleOf({ ...scene.env, RECEIVER_LOG: receiver.log });
  expect(found).toMatchObject({ counted: nothing, reported: nothing, differences: [] });
  await done(['audit'], scene.env);
}, 300_000);
