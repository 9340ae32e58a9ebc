import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { byOrder, firsts, publishedLog, type PublishedLog } from '../../cli/chaos/oracle/log.ts';
import { acceptedEvents } from '../../cli/chaos/oracle/receipts.ts';
import { connectKafka, kafkaClient } from '../../cli/connections.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { deadLetterTopic, REPORT_GROUP } from '../../schemas/coupon_order/topic.ts';
import { faultsSchema, mischief } from '../../services/report-receiver/faults.ts';
import type { Receipt } from '../../services/report-receiver/receipt-log.ts';
import {
  done,
  endConsumers,
  numberOf,
  simulate,
  startConsumer,
  storeOf,
  type RunningConsumer,
} from '../e2e/kaquan.ts';
import { startTestReceiver, type TestReceiver } from '../e2e/receiver.ts';
import { readLog } from '../integration/producers-log.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { lagOf } from './group-offsets.ts';
import { sentAgain } from './sent-again.ts';

const ARRAY = 50;
const KILLS = 5;
const RATE = 3000;
const SESSION_MS = 4000;

const FAULTS = faultsSchema.parse({
  seed: '4711',
  delay_ms: 10,
  requests: [
    { share: 0.05, fault: 'status', status: 500 },
    { share: 0.025, fault: 'status', status: 429, retry_after: 1 },
    { share: 0.025, fault: 'status', status: 429, retry_after: 1, as_date: true },
    { share: 0.02, fault: 'hang' },
    { share: 0.01, fault: 'reset' },
  ],
  // About 1 % of the arrays of 50 hold one.
  events: [{ share: 0.0002, code: 1001, msg: 'no such coupon' }],
});

let stack: TestStack;
let clickhouse: ClickHouse;
let receiver: TestReceiver;
let env: Readonly<Record<string, string | undefined>>;

beforeAll(async () => {
  [stack, receiver] = await Promise.all([startTestStack(), startTestReceiver()]);
  clickhouse = storeOf(stack);
  env = {
    ...stack.env,
    ...receiver.env,
    REPORT_MODE: 'safe-report',
    REPORT_RATE: String(RATE),
    REPORT_ARRAY_MAX: String(ARRAY),
    REPORT_TIMEOUT_MS: '2000',
    REPORT_RETRY_MS: '20',
    REPORT_RETRY_MAX_MS: '300',
    KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS),
  };
  await done(['migrate'], stack.env);
}, 120_000);

afterAll(async () => {
  endConsumers();
  await Promise.all([clickhouse.close(), receiver.stop()]);
  await stack.stop();
}, 60_000);

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

/** As `until`, and fails with what the consumer said when it ends before. */
const untilOrEnd = (condition: () => boolean | Promise<boolean>, sink: RunningConsumer): Promise<void> =>
  Promise.race([
    until(condition),
    sink.ended.then(() => Promise.reject(new Error(`it ended: ${sink.log().slice(-2000)}`))),
  ]);

const eventsIn = (receipts: readonly Receipt[]): number =>
  receipts.reduce((sum, { events }) => sum + events.length, 0);

it('delivers every event once, in order and within the limit, over an API that fails and through five kills', async () => {
  await simulate(stack.env, '--orders', '6200', '--seed', '41', '--duplicates', '0.02');
  const { events, unreadable } = await published();
  expect(firsts(events).length).toBeGreaterThan(18_000);
  await receiver.fail(FAULTS);
  const sinks: RunningConsumer[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const sink = startConsumer(env, [], REPORT_GROUP);
    sinks.push(sink);
    const before = receiver.receipts().length;
    await untilOrEnd(() => receiver.receipts().length > before + 12 + 7 * kill, sink);
    sink.child.kill('SIGKILL');
    await sink.ended;
    expect(new Set(acceptedEvents(receiver.receipts()).map(({ eventId }) => eventId)).size).toBeLessThan(
      18_000,
    );
  }
  const last = startConsumer(env, ['--until-caught-up'], REPORT_GROUP);
  sinks.push(last);
  expect(await last.ended).toEqual({ code: 0, signal: null });

  const { of } = mischief(FAULTS);
  const refused = firsts(events).filter(({ eventId }) => of(eventId) !== undefined);
  const valid = firsts(events).filter(({ eventId }) => of(eventId) === undefined);
  const receipts = receiver.receipts();
  const accepted = acceptedEvents(receipts);
  for (const fault of ['status 500', 'status 429', 'hang', 'reset', 'event'])
    expect(receipts.filter((receipt) => receipt.fault === fault).length).toBeGreaterThan(0);

  // Every valid event, as it was published, and each order in the order of the log.
  const bodies = new Map(accepted.map(({ eventId, body }) => [eventId, body]));
  expect(bodies.size).toBe(valid.length);
  for (const { eventId, body } of valid) expect(bodies.get(eventId)).toEqual(body);
  expect(byOrder(firsts(accepted))).toEqual(byOrder(valid));

  // No more is sent again than one array a partition and kill (or lost session), and one a lost answer. Events are what
  // counts: an array that was refused for one of them arrives in parts.
  const partitions = new Map(events.map(({ eventId, partition }) => [eventId, partition]));
  const again = sentAgain(receipts, assignments(sinks), partitions);
  for (const count of again.afterAnother) expect(count).toBeLessThanOrEqual(ARRAY);
  const lost = Math.max(countOf(receipts, 'reset'), unanswered(sinks) - countOf(receipts, 'hang'));
  expect(again.byItself).toBeLessThanOrEqual(ARRAY * lost);

  expect(busiestSecond(receipts)).toBeLessThanOrEqual(RATE);
  expect(busiestSecond(receipts)).toBeGreaterThan(RATE / 4);

  // The refused ones and only they; a kill may publish a letter again.
  const dead = new Set((await readLog(stack.brokers, deadLetterTopic(REPORT_GROUP))).map(({ key }) => key));
  expect(refused.length).toBeGreaterThan(0);
  for (const { appId, orderId } of refused) expect(dead.has(`${appId}:${orderId}`)).toBe(true);
  expect(
    await numberOf(
      clickhouse,
      "SELECT uniqExact(partition, offset) FROM kaquan_store.dead_letters WHERE consumer_group = 'report'",
    ),
  ).toBe(refused.length + unreadable);
  expect(
    await numberOf(
      clickhouse,
      "SELECT uniqExact(event_id) FROM kaquan_store.report_deliveries WHERE outcome = 'accepted'",
    ),
  ).toBe(valid.length);
  expect(await numberOf(clickhouse, 'SELECT sum(waiting) FROM kaquan.report_deliveries_day')).toBe(0);
  expect(await numberOf(clickhouse, 'SELECT sum(refused) FROM kaquan.report_deliveries_day')).toBe(
    refused.length,
  );
}, 300_000);

it('waits out an API that is away for longer than the session, without a rebalance, and catches up', async () => {
  await receiver.kill();
  const before = firsts(acceptedEvents(receiver.receipts())).length;
  await simulate(stack.env, '--orders', '300', '--seed', '42', '--duplicates', '0', '--invalid', '0');
  const sink = startConsumer(env, [], REPORT_GROUP);
  await sink.says('assigned');
  const since = performance.now();
  await until(() => performance.now() - since > 3 * SESSION_MS);
  receiver = await startTestReceiver({ again: receiver });
  const { events } = await published();
  const { of } = mischief(FAULTS);
  const valid = firsts(events).filter(({ eventId }) => of(eventId) === undefined);
  // What was refused before is known, and not sent again to an API that would take it now.
  await untilOrEnd(async () => (await lagOf(stack.env, REPORT_GROUP)) === 0, sink);
  expect(firsts(acceptedEvents(receiver.receipts())).length).toBeGreaterThan(before);
  const all = firsts(events).length;
  expect(firsts(acceptedEvents(receiver.receipts())).length).toBeGreaterThanOrEqual(valid.length);
  expect(firsts(acceptedEvents(receiver.receipts())).length).toBeLessThanOrEqual(all);
  expect(sink.log().split('"msg":"assigned"').length - 1).toBe(1);
  expect(sink.log()).not.toContain('rebalancing');
  sink.child.kill('SIGTERM');
  expect(await sink.ended).toEqual({ code: 0, signal: null });
}, 120_000);

it('sends nothing again when members join and leave under load', async () => {
  await receiver.fail({ delay_ms: 200 });
  const before = receiver.receipts().length;
  await simulate(stack.env, '--orders', '3000', '--seed', '43', '--duplicates', '0', '--invalid', '0');
  const told = { ...env, REPORT_RATE: undefined };
  const sinks: RunningConsumer[] = [];
  const arrays = () => receiver.receipts().length - before;
  const join = async () => {
    const at = arrays();
    const sink = startConsumer(told, [], REPORT_GROUP);
    sinks.push(sink);
    await sink.says('assigned');
    await untilOrEnd(() => arrays() > at + 20, sink);
    return sink;
  };
  const leave = async (sink: RunningConsumer) => {
    sink.child.kill('SIGTERM');
    expect(await sink.ended).toEqual({ code: 0, signal: null });
  };
  const one = await join();
  const second = await join();
  await leave(one);
  const third = await join();
  expect(await lagOf(stack.env, REPORT_GROUP)).toBeGreaterThan(0);
  await untilOrEnd(async () => (await lagOf(stack.env, REPORT_GROUP)) === 0, third);
  await Promise.all([leave(second), leave(third)]);
  const accepted = acceptedEvents(receiver.receipts().slice(before));
  const again = accepted.length - firsts(accepted).length;
  // A member has written down what was on its way when it says that it is assigned anew; on a busy machine that takes longer.
  const handover = (from: RunningConsumer, to: RunningConsumer): number => {
    const [at = 0] = assignments([to]);
    return Math.min(...assignments([from]).filter((time) => time > at - 500)) - at;
  };
  const late = [handover(one, second), handover(second, third)].filter((ms) => ms > 900).length;
  expect(again).toBeLessThanOrEqual(late * 2 * ARRAY);
}, 120_000);

const countOf = (receipts: readonly Receipt[], fault: string): number =>
  receipts.filter((receipt) => receipt.fault === fault).length;

const linesOf = (sinks: readonly RunningConsumer[]): Record<string, unknown>[] =>
  sinks.flatMap((sink) =>
    sink
      .log()
      .split('\n')
      // The last one may be cut off.
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  );

/** When each assignment began, at the last commit: after a kill, and after a session that a busy machine let expire. */
const assignments = (sinks: readonly RunningConsumer[]): number[] =>
  linesOf(sinks)
    .filter(({ msg }) => msg === 'assigned')
    .map(({ time }) => Number(time));

/** Requests without an answer in time, as far as sinks lived to say so: hangs, resets, and what a busy machine answered too late. */
const unanswered = (sinks: readonly RunningConsumer[]): number =>
  linesOf(sinks).filter(
    ({ msg, error }) =>
      msg === 'the report API did not take events; trying again' && !String(error).startsWith('it answers'),
  ).length;

/** The most events that arrived within any second. */
function busiestSecond(receipts: readonly Receipt[]): number {
  let most = 0;
  let first = 0;
  for (const [last, { at }] of receipts.entries()) {
    while ((receipts[first]?.at ?? at) <= at - 1000) first += 1;
    most = Math.max(most, eventsIn(receipts.slice(first, last + 1)));
  }
  return most;
}

async function published(): Promise<PublishedLog> {
  const admin = await connectKafka(stack.env);
  return publishedLog(kafkaClient(stack.env), admin).finally(() => admin.close());
}
