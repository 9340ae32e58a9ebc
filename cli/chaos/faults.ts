import { once } from 'node:events';
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { ORDERS_POINTS } from '../../consumers/orders/crash-points.ts';
import { REPORT_POINTS } from '../../consumers/report/crash-points.ts';
import type { HttpFault } from '../../runtime/faults/clickhouse-proxy.ts';
import type { TcpProxy } from '../../runtime/faults/tcp-proxy.ts';
import type { Injection, Toxic } from '../../runtime/faults/toxics.ts';
import type { Child } from '../../runtime/process/children.ts';
import type { Random } from '../../runtime/process/random.ts';
import { SESSION_MS, type ChaosMachine } from './machine.ts';
import type { Member } from './member.ts';

/** What a fault is done with. */
export interface Means {
  readonly machine: ChaosMachine;
  readonly random: Random;
  /** Tells a person what happens now. */
  readonly say: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/** A kind of fault. @returns how often it really happened: 0 when it did not */
export type Fault = (means: Means) => Promise<number>;

const GRACE_MS = 8000;
/** How long a fault may take to meet something that it can be done to. */
const PATIENCE_MS = 15_000;

/** Every kind that `kaquan chaos` draws from, by the name that its figures have. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a consumer killed': killed,
  'a consumer killed at a step of a batch': killedAtStep,
  'a consumer frozen beyond its session': frozen,
  'Kafka and ClickHouse killed': stackKilled,
  'an acknowledgement lost after the rows were stored': (means) =>
    requests(means, 'ClickHouse stores rows, and 30 % of its answers are lost', { type: 'lost_answer' }, 0.3),
  'an insert refused by ClickHouse': refused,
  'a piece delayed, held or cut on the network': network,
  'a connection refused': away,
};

const consumersOf = ({ orders, report }: ChaosMachine): readonly Member[] => [...orders, report];

async function killed({ machine, random, say }: Means): Promise<number> {
  const member = random.pick(consumersOf(machine));
  say(`${member.name} is killed`);
  return (await member.kill()).signal === 'SIGKILL' ? 1 : 0;
}

async function killedAtStep({ machine, random, say, signal }: Means): Promise<number> {
  const isReport = random.chance(0.5);
  const member = isReport ? machine.report : random.pick(machine.orders);
  // Dead letters are rare here: those steps are for the suites.
  const points: readonly string[] = isReport ? REPORT_POINTS : ORDERS_POINTS;
  const point = random.pick(points.filter((one) => !one.includes('letters')));
  const passing = /assigned|fetched/.test(point) ? 1 : random.int(1, 3);
  say(`${member.name} starts again, and is to die at ${point}, passing ${passing}`);
  const life = await member.again({ CRASH_AT: `${point}:${passing}` }, GRACE_MS);
  const ended = await Promise.race([life.ended, waited(2 * PATIENCE_MS, signal)]);
  if (ended?.signal === 'SIGKILL') return 1;
  say(`${member.name} did not come there, and starts again`);
  await member.again({}, GRACE_MS);
  return 0;
}

async function frozen({ machine, random, say, signal }: Means): Promise<number> {
  const member = random.pick(machine.orders);
  const { pid } = member.current();
  if (pid === undefined) return 0;
  const ms = SESSION_MS + random.int(1000, 4000);
  say(`${member.name} is frozen for ${seconds(ms)}, longer than its session`);
  process.kill(pid, 'SIGSTOP');
  try {
    await waited(ms, signal);
    return isStopped(pid) ? 1 : 0;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

const isStopped = (pid: number): boolean =>
  execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');

async function stackKilled({ machine: { stack }, say, signal }: Means): Promise<number> {
  say('Kafka and ClickHouse are killed, and start again');
  const life = stack.current();
  const { signal: how } = await stack.kill();
  await Promise.race([servesAgain(stack, life), aborted(signal)]);
  return how === 'SIGKILL' ? 1 : 0;
}

/** What a killed stack left behind may take longer to end than the next one waits. */
async function servesAgain(stack: Member, life: Child): Promise<void> {
  const next = await stack.next(life);
  const serves = await next.line(/^ready/).then(
    () => true,
    () => false,
  );
  if (!serves) await servesAgain(stack, next);
}

const REFUSALS: readonly [words: string, fault: HttpFault][] = [
  ['400', { type: 'answer', status: 400, text: 'Bad Request' }],
  ['403', { type: 'answer', status: 403, text: 'Forbidden' }],
  ['404, the table is missing', { type: 'answer', status: 404, code: 60, text: 'Code: 60. (UNKNOWN_TABLE)' }],
  ['500', { type: 'answer', status: 500, text: 'Internal Server Error' }],
  ['503', { type: 'answer', status: 503, text: 'Service Unavailable' }],
  ['252, too many parts', { type: 'answer', status: 500, code: 252, text: 'Code: 252. (TOO_MANY_PARTS)' }],
  ['an error inside a 200 answer', { type: 'error_in_200', where: 'tail', code: 241, text: 'no memory' }],
  [
    'an error inside a 200 answer to what it stored',
    { type: 'error_in_200', where: 'header', code: 159, text: 'too late', isDone: true },
  ],
];

async function refused(means: Means): Promise<number> {
  const [words, fault] = means.random.pick(REFUSALS);
  return requests(means, `ClickHouse answers inserts with ${words}`, fault, 0.7);
}

async function requests(means: Means, words: string, fault: HttpFault, share: number): Promise<number> {
  const ms = means.random.int(2000, 6000);
  means.say(`${words}, for ${seconds(ms)}`);
  const injected = means.machine.network.requests.inject(fault, {
    matches: (sql) => sql.startsWith('INSERT'),
    share,
  });
  return during(injected, ms, means.signal);
}

const LINES: readonly [words: string, proxy: (machine: ChaosMachine) => TcpProxy][] = [
  ['between the consumers and Kafka', ({ network: { kafka } }) => kafka],
  ['between the consumers and ClickHouse', ({ network: { clickhouse } }) => clickhouse],
  ['between the sink and the report API', ({ network: { api } }) => api],
  ['between the merchant and Kafka', ({ network: { producersKafka } }) => producersKafka],
];

const TOXICS: readonly [words: string, toxic: (random: Random) => Toxic][] = [
  ['everything comes late', (random) => ({ type: 'latency', latencyMs: random.int(50, 400), jitterMs: 50 })],
  ['the line is slow', (random) => ({ type: 'bandwidth', bytesPerSecond: random.int(20, 200) * 1000 })],
  ['nothing comes through', () => ({ type: 'black_hole' })],
  ['connections are reset', (random) => ({ type: 'reset', afterMs: random.int(0, 500) })],
  ['everything comes in small pieces', () => ({ type: 'slicer', bytes: 200, delayMs: 1 })],
  ['connections are cut in the midst', (random) => ({ type: 'limit_data', bytes: random.int(500, 50_000) })],
];

const WAYS: readonly [words: string, injection: Injection][] = [
  ['', {}],
  [' on the way there', { direction: 'upstream' }],
  [' on the way back', { direction: 'downstream' }],
];

async function network({ machine, random, say, signal }: Means): Promise<number> {
  const [where, proxy] = random.pick(LINES);
  const [words, toxic] = random.pick(TOXICS);
  const [way, injection] = random.pick(WAYS);
  const ms = random.int(2000, 6000);
  say(`${where} ${words}${way}, for ${seconds(ms)}`);
  const share = random.pick([0.5, 1]);
  const injected = proxy(machine).inject(toxic(random), { ...injection, share });
  return during(injected, ms, signal);
}

async function away({ machine, random, say, signal }: Means): Promise<number> {
  const [where, choose] = random.pick(LINES);
  const ms = random.int(1000, 5000);
  say(`${where} every connection is cut and refused, for ${seconds(ms)}`);
  const proxy = choose(machine);
  const before = proxy.accepted();
  const open = proxy.disable();
  await waited(ms, signal);
  proxy.enable();
  return open + proxy.accepted() - before;
}

/** Leaves a fault in place for a while, and until it has happened. */
async function during(
  injected: { hits(): number; remove(): void },
  ms: number,
  signal: AbortSignal,
): Promise<number> {
  await waited(ms, signal);
  for (let left = PATIENCE_MS; left > 0 && injected.hits() === 0 && !signal.aborted; left -= 100)
    await waited(100, signal);
  injected.remove();
  return injected.hits();
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  signal.aborted ? Promise.resolve() : once(signal, 'abort');

/** Resolves after so long, or when it is to end. */
const waited = (ms: number, signal: AbortSignal): Promise<undefined> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
