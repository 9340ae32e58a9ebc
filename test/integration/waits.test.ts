import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { StatusReport } from '../../cli/status/document.ts';
import { startClickHouseProxy } from '../../runtime/faults/clickhouse-proxy.ts';
import { createRandom } from '../../runtime/process/random.ts';
import { REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import {
  ACCOUNTED,
  done,
  endConsumers,
  kaquan,
  numberOf,
  simulate,
  startConsumer,
  storeOf,
  type RunningConsumer,
} from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { startTestStack, type TestStack } from '../stack.ts';

// A stack that stops and comes back, on the same ports with the same data.
const data = mkdtempSync(join(tmpdir(), 'kaquan-waits-'));

let stack: TestStack;
let receiver: TestReceiver;
let env: TestStack['env'];

beforeAll(async () => {
  [stack, receiver] = await Promise.all([startTestStack({ data }), startTestReceiver()]);
  env = {
    ...stack.env,
    ...receiver.env,
    KAFKA_PARTITIONS: '1',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    ORDERS_LISTEN: '127.0.0.1:0',
    REPORT_LISTEN: '127.0.0.1:0',
  };
  await done(['migrate'], env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([stack.stop(), receiver.stop()]);
  rmSync(data, { recursive: true, force: true });
}, 60_000);

const sql = async (statement: string): Promise<void> => {
  const store = storeOf(stack);
  await store.command(statement).finally(() => store.close());
};

const accounted = async (): Promise<number> => {
  const store = storeOf(stack);
  return numberOf(store, ACCOUNTED).finally(() => store.close());
};

const lines = (consumer: RunningConsumer, on: string): string[] =>
  consumer
    .log()
    .split('\n')
    .filter((line) => line.includes(`waits for ${on} `));

/** What `kaquan status` says of the group orders, and of all. */
async function statusOf(settings: Readonly<Record<string, string>> = {}) {
  // Of the group report nobody has to know here.
  const output = await kaquan(['status', '--json'], { ...env, REPORT_URL: '', ...settings });
  const report = JSON.parse(output.stdout) as StatusReport;
  return { code: output.code, verdict: report.verdict, orders: report.groups[0] };
}

const until = async (condition: () => Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50));
};

let published = 0;

describe('a consumer says what it waits for, once, and that it is over', () => {
  let consumer: RunningConsumer;
  let url: string;

  beforeAll(async () => {
    consumer = startConsumer(env);
    const served = consumer.says(/^serves/);
    await consumer.says('assigned');
    ({ url } = (await served) as { url: string });
  }, 60_000);

  it('ClickHouse refuses', async () => {
    await sql('RENAME TABLE kaquan_store.milestones TO kaquan_store.milestones_away');
    const waits = consumer.says(/^waits for ClickHouse since 20.*: ClickHouse refuses with UNKNOWN_TABLE/);
    published += (await simulate(env, '--orders', '50', '--seed', '1')).records;
    expect(await waits).toMatchObject({ level: 40, alarm: true, waits_for: 'ClickHouse' });
    const { verdict, orders } = await statusOf();
    expect(verdict).toMatch(
      /^orders: It waits for ClickHouse for .* s: ClickHouse refuses with UNKNOWN_TABLE.*\. Mend that; it then goes on/,
    );
    expect(orders).toMatchObject({
      waits: [{ on: 'ClickHouse', trouble: true, consumer: expect.stringMatching(/:\d+$/) }],
      members: [{ url, alive: true, problem: null }],
      rebalances: { lastHour: 1 },
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
      /kaquan_consumer_waiting_since_timestamp_seconds\{on="ClickHouse"\} \d+/,
    );
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const over = consumer.says(/^waits for ClickHouse no more, after .* s$/);
    await sql('RENAME TABLE kaquan_store.milestones_away TO kaquan_store.milestones');
    await over;
    await consumer.says('committed');
    expect(await accounted()).toBe(published);
    expect(lines(consumer, 'ClickHouse')).toHaveLength(2);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      `kaquan_consumer_records_total ${published}`,
      'kaquan_consumer_lag_events{partition="0"} 0',
      `kaquan_consumer_committed_offset{partition="0"} ${published}`,
    ])
      expect(metrics.split('\n')).toContain(line);
    for (const step of ['events', 'milestones', 'states', 'the start'])
      expect(metrics).toContain(`kaquan_consumer_step_seconds_count{step="${step}"}`);
    expect(metrics).not.toContain('waiting_since_timestamp_seconds{');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const well = await statusOf();
    expect(well.orders).toMatchObject({ waits: [], lag: { events: 0, well: true } });
    expect(well.orders?.commitAgeSeconds).toBeLessThan(60);
  }, 120_000);

  it('the broker is away', async () => {
    const waits = consumer.says(
      new RegExp(
        `^waits for Kafka since 20.*: Kafka does not answer at ${stack.brokers}: connect ECONNREFUSED`,
      ),
    );
    await stack.stop();
    await waits;
    const { code, verdict, orders } = await statusOf({ ORDERS_LISTEN: new URL(url).host });
    expect(code).toBe(1);
    expect(verdict).toMatch(/^Kafka does not answer at .*KAFKA_BROKERS/);
    expect(orders).toMatchObject({ lag: null, consumers: null, waits: [{ on: 'Kafka', trouble: true }] });
    const over = consumer.says(/^waits for Kafka no more, after .* s$/);
    const { KAFKA_BROKERS = '', CLICKHOUSE_URL = '' } = env;
    stack = await startTestStack({ data, env: { KAFKA_BROKERS, CLICKHOUSE_URL } });
    await over;
    const committed = consumer.says('committed');
    published += (await simulate(env, '--orders', '50', '--seed', '2')).records;
    await committed;
    expect(await done(['consume', 'orders', '--until-caught-up'], env)).toMatchObject({ code: 0 });
    expect(await accounted()).toBe(published);
    // No trace of a stack, and no line for each attempt.
    expect(consumer.log()).not.toMatch(/\\n {4}at |Connection error/);
    expect(lines(consumer, 'Kafka').length).toBeLessThan(8);
  }, 240_000);

  it('it is frozen, then killed', async () => {
    // The group is whole again after the consumer that only caught up has left.
    await until(async () => (await statusOf()).orders?.members[0]?.url === url);
    await until(async () => (await fetch(`${url}/readyz`)).status === 200);
    consumer.child.kill('SIGSTOP');
    published += (await simulate(env, '--orders', '50', '--seed', '3')).records;
    const frozen = await statusOf();
    expect(frozen.verdict).toMatch(/^orders: It does not answer at http.*: it is frozen, gone/);
    expect(frozen.orders).toMatchObject({ consumers: 1, members: [{ alive: null }], rebalances: null });
    consumer.child.kill('SIGKILL');
    await until(async () => (await statusOf()).orders?.consumers === 0);
    const { verdict, orders } = await statusOf();
    expect(verdict).toMatch(/^orders: Nobody consumes, .* behind: start kaquan consume orders\.$/);
    expect(orders?.commitAgeSeconds).toBeGreaterThan(0);
    consumer = startConsumer(env);
    await consumer.says('committed');
  }, 120_000);

  it('the other consumers have all partitions', async () => {
    const other = startConsumer(env);
    expect(
      await Promise.race(
        [consumer, other].map((one) => one.says(/^waits for a partition since 20.*: the other consumers/)),
      ),
    ).toMatchObject({ level: 30, alarm: false });
    other.child.kill('SIGTERM');
    expect(await other.ended).toEqual({ code: 0, signal: null });
    consumer.child.kill('SIGTERM');
    expect(await consumer.ended).toEqual({ code: 0, signal: null });
  }, 120_000);
});

it('a consumer that moves nothing and waits for nothing is not alive', async () => {
  const proxy = await startClickHouseProxy({
    target: stack.clickhouseUrl,
    random: createRandom('1', 'faults'),
  });
  // A call is no wait before it has taken five seconds, and this patience is shorter.
  const consumer = startConsumer({ ...env, CLICKHOUSE_URL: proxy.url, LIVENESS_SECONDS: '1' });
  const served = consumer.says(/^serves/);
  await consumer.says('assigned');
  const { url } = (await served) as { url: string };
  await until(async () => (await fetch(`${url}/readyz`)).status === 200);
  const slow = proxy.inject(
    { type: 'late_answer', ms: 8000 },
    { matches: (sql) => sql.startsWith('INSERT INTO kaquan_store.events') },
  );
  published += (await simulate(env, '--orders', '20', '--seed', '4')).records;
  await until(async () => (await fetch(`${url}/livez`)).status === 503);
  expect(await (await fetch(`${url}/livez`)).json()).toMatchObject({
    alive: false,
    sentence: expect.stringMatching(
      / events behind and waits for nothing, but no offset moved for .* s: start it/,
    ),
  });
  // Then it is known what it waits for.
  await consumer.says(/^waits for ClickHouse since 20.*: ClickHouse has not answered yet \(events\)/);
  expect(await (await fetch(`${url}/livez`)).json()).toMatchObject({ alive: true });
  expect(slow.requests()).toBeGreaterThan(0);
  slow.remove();
  await consumer.says('committed');
  consumer.child.kill('SIGTERM');
  expect(await consumer.ended).toEqual({ code: 0, signal: null });
  await proxy.stop();
}, 120_000);

it('a consumer says what the report API answers, once, and that it is over', async () => {
  await receiver.fail({ seed: '1', requests: [{ share: 1, fault: 'status', status: 503 }] });
  const sink = startConsumer(
    { ...env, REPORT_RETRY_MS: '100', REPORT_RETRY_MAX_MS: '500' },
    [],
    REPORT_GROUP,
  );
  const served = sink.says(/^serves/);
  const waits = sink.says(/^waits for the report API \(app bi1\) since 20.*: it answers with status 503$/);
  expect(await waits).toMatchObject({ alarm: true });
  const { url } = (await served) as { url: string };
  const scrape = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  expect(await scrape()).toMatch(/kaquan_report_retries_total\{app="bi1"\} [1-9]/);
  expect(await scrape()).toMatch(/kaquan_report_request_seconds_count\{status="503"\} [1-9]/);
  const over = sink.says(/^waits for the report API \(app bi1\) no more, after .* s$/);
  await receiver.fail({});
  await over;
  await until(async () => /kaquan_report_events_total\{outcome="accepted"\} [1-9]/.test(await scrape()));
  sink.child.kill('SIGTERM');
  expect(await sink.ended).toEqual({ code: 0, signal: null });
  expect(lines(sink, 'the report API')).toHaveLength(2);
}, 120_000);
