import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { createRandom } from '../../runtime/process/random.ts';
import { done, simulate, startConsumer, startProcess, type RunningConsumer } from '../e2e/kaquan.ts';
import { until } from '../integration/embedded-http.ts';
import { scale } from './figures.ts';
import { committedBy } from './group-offsets.ts';
import { proven } from './proof.ts';
import { startScene, type Scene } from './scene.ts';

const PARTITIONS = 12;
const MOST_MEMBERS = 6;
const FAULTS = scale('CHAOS_STORM_FAULTS', 12, 150);
const RATE = 300;
const SEED = 'storm-1';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({
    KAFKA_PARTITIONS: String(PARTITIONS),
    KAFKA_SESSION_TIMEOUT_MS: '2000',
    ORDERS_BATCH_EVENTS: '500',
    ORDERS_FLUSH_MS: '20',
  });
}, 120_000);

afterAll(() => scene.stop(), 60_000);

type Fault = 'join' | 'leave' | 'kill';

/** The members of the group, and what was done to them. */
class Storm {
  readonly faults: Record<Fault, number> = { join: 0, leave: 0, kill: 0 };
  readonly #random = createRandom(SEED, 'faults');
  readonly #members: RunningConsumer[] = [];
  #rebalances = 0;

  async strike(): Promise<void> {
    const fault = this.#next();
    if (fault === 'join') this.#members.push(startConsumer(scene.env));
    else await this.#end(fault);
    this.faults[fault] += 1;
  }

  /** How often a member was given partitions, also by those that are gone. */
  get assignments(): number {
    return this.#members.reduce((sum, member) => sum + assignmentsOf(member), this.#rebalances);
  }

  async calm(): Promise<void> {
    while (this.#members.length > 0) await this.#end('leave');
  }

  /** All six come first; then nobody is left alone for long. */
  #next(): Fault {
    const { length } = this.#members;
    if (length < 2 || this.faults.join < MOST_MEMBERS) return 'join';
    return this.#random.pick<Fault>(
      length < MOST_MEMBERS ? ['join', 'join', 'leave', 'kill'] : ['leave', 'kill'],
    );
  }

  async #end(fault: 'leave' | 'kill'): Promise<void> {
    const [member] = this.#members.splice(this.#random.int(0, this.#members.length - 1), 1);
    if (member === undefined) return;
    // Before it listens to signals it would only be another kill.
    if (fault === 'leave')
      await until(() => (member.log().includes('"msg":"ready"') ? true : undefined), 120_000);
    member.child.kill(fault === 'kill' ? 'SIGKILL' : 'SIGTERM');
    expect(await member.ended).toEqual(
      fault === 'kill' ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null },
    );
    this.#rebalances += assignmentsOf(member);
  }
}

const assignmentsOf = (member: RunningConsumer): number => member.log().split('"msg":"assigned"').length - 1;

it('keeps every figure while members join, leave and die under load', async () => {
  await simulate(scene.env, '--orders', '3000', '--seed', '101');
  const merchant = startProcess(scene.env, [
    ...['produce', 'simulate', '--orders', '0', '--seed', '102', '--rate', String(RATE)],
  ]);
  const storm = new Storm();
  for (let fault = 0; fault < FAULTS; fault += 1) {
    const before = await committedBy(scene.env, 'orders');
    await storm.strike();
    // Only into work that goes on; the members of the first faults are still on their way.
    await until(async () => ((await committedBy(scene.env, 'orders')) > before ? true : undefined), 120_000);
  }
  merchant.child.kill('SIGINT');
  expect(await merchant.ended).toEqual({ code: 0, signal: null });
  await storm.calm();
  await done(['consume', 'orders', '--until-caught-up'], scene.env);
  const { join, leave, kill } = storm.faults;
  expect(join + leave + kill).toBe(FAULTS);
  expect(Math.min(join, leave, kill)).toBeGreaterThan(0);
  expect(storm.assignments).toBeGreaterThan(FAULTS);
  await proven(scene.env, {
    scenario: '6 a storm of rebalances',
    seeds: [SEED],
    faults: { ...storm.faults, assignments: storm.assignments },
  });
}, 3_600_000);
