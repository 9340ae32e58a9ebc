import { pino } from 'pino';

import { createClickHouse } from '../runtime/clickhouse/client.ts';
import { createKafka } from '../runtime/kafka/client.ts';
import { createRecordProducer } from '../runtime/kafka/producer.ts';
import { TOPIC } from '../schemas/coupon_order/topic.ts';
import { start } from './processes.ts';
import { workload } from './workload.ts';

export interface Freshness {
  readonly events: number;
  /** ms from the intended send time to the first answer of ClickHouse that holds the event. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const TICK_MS = 50;
const PROBE_MS = 25;

/**
 * From the *intended* send time of each event (open loop) to the first query that returns it, at `rate` events/s for
 * `seconds`, by asking ClickHouse again and again how many events it has.
 * @param analyst run queries of ten seconds each as the analyst meanwhile
 */
export async function freshness(
  env: Readonly<Record<string, string | undefined>>,
  rate: number,
  seconds: number,
  analyst = false,
): Promise<Freshness> {
  const consumer = start(['consume', 'orders'], env);
  consumer.stdout?.resume();
  consumer.stderr?.resume();
  const clickhouse = createClickHouse({
    url: env['CLICKHOUSE_URL'] ?? '',
    user: 'kaquan',
    password: 'kaquan',
    clientName: 'kaquan-bench',
  });
  const kafka = createKafka({
    brokers: [env['KAFKA_BROKERS'] ?? ''],
    clientId: 'bench',
    logger: pino({ level: 'silent' }),
  });
  const producer = await createRecordProducer(kafka, { topic: TOPIC });
  const events = rate * seconds;
  const records = [
    ...workload({ events, seed: Date.now() % 1_000_000, until: Date.now(), spread: 60_000, partitions: 4 }),
  ];
  const seen = async (): Promise<number> => {
    const rows = await clickhouse.query<{ n: string }>('SELECT count() AS n FROM kaquan_store.events');
    return Number(rows[0]?.n);
  };
  // The consumer is there and warm once it stored what was sent before.
  const warmUp = [
    ...workload({
      events: rate,
      seed: Date.now() % 999_983,
      until: Date.now(),
      spread: 60_000,
      partitions: 4,
    }),
  ];
  const cold = await seen();
  await producer.send(warmUp);
  while ((await seen()) < cold + warmUp.length) await pause(PROBE_MS);
  const before = await seen();
  const begin = Date.now() + 1000;
  const delays: number[] = [];
  const asking = analyst ? askAll(env, begin + seconds * 1000) : Promise.resolve();
  const sending = sendAll(records, rate, begin, (chunk) => producer.send(chunk));
  while (delays.length < records.length) {
    await pause(PROBE_MS);
    const asked = Date.now();
    const stored = (await seen()) - before;
    // Events are stored in about the order of sending: the n-th stored one was meant to leave at n / rate.
    while (delays.length < Math.min(stored, records.length)) {
      delays.push(asked - (begin + (delays.length / rate) * 1000));
    }
  }
  await Promise.all([sending, asking]);
  await producer.close();
  await clickhouse.close();
  const ended = new Promise((resolve) => consumer.once('close', resolve));
  consumer.kill('SIGTERM');
  await ended;
  delays.sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(delays[Math.floor((delays.length - 1) * share)] ?? Number.NaN);
  return { events: delays.length, p50: at(0.5), p99: at(0.99), worst: at(1) };
}

async function sendAll<T>(
  records: readonly T[],
  rate: number,
  begin: number,
  send: (chunk: T[]) => Promise<void>,
): Promise<void> {
  let sent = 0;
  const pending: Promise<void>[] = [];
  while (sent < records.length) {
    await pause(TICK_MS);
    const due = Math.min(records.length, Math.floor(((Date.now() - begin) / 1000) * rate));
    if (due <= sent) continue;
    pending.push(send(records.slice(sent, due)));
    sent = due;
  }
  await Promise.all(pending);
}

// One core busy for ten seconds, again and again.
const TEN_SECONDS =
  "SELECT max(sipHash64(number)) FROM numbers(1000000000000) SETTINGS max_threads = 1, max_execution_time = 10, timeout_overflow_mode = 'break'";

async function askAll(env: Readonly<Record<string, string | undefined>>, until: number): Promise<void> {
  const headers = { 'X-ClickHouse-User': 'analyst', 'X-ClickHouse-Key': 'analyst' };
  while (Date.now() < until) {
    const answer = await fetch(`${env['CLICKHOUSE_URL'] ?? ''}/?database=kaquan`, {
      method: 'POST',
      headers,
      body: TEN_SECONDS,
    });
    if (!answer.ok) throw new Error(`the analyst's query was refused: ${await answer.text()}`);
    await answer.text();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
