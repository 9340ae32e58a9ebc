import { writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import type { EachBatchPayload } from 'kafkajs';

import { TOPIC } from '../schemas/coupon_order/topic.ts';
import { benchKafka, fill } from './fill.ts';
import { cpuSeconds, start } from './processes.ts';
import { ALL_COMPILERS, withStack, type BenchStack } from './stack.ts';

const PARTITIONS = 12;
const ARRAY = 50;
const ANSWER_MS = 20;
const HOUR = 3_600_000;
const WARM_UP = 300_000;
const WARM_UP_COMMITS = 20_000;
const TAKEN = '{"code":0,"msg":"ok"}';
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${TAKEN.length}\r\n\r\n${TAKEN}`,
);

interface SlowApi {
  readonly url: string;
  readonly requests: () => number;
  /** How long it really took from the end of a request to its answer, on average, ms. */
  readonly answeredIn: () => number;
  readonly close: () => void;
}

/**
 * A report API that answers after 20 ms and looks at nothing. It shares the machine with what is measured, so it does no more than
 * find the ends of requests.
 */
async function slowApi(): Promise<SlowApi> {
  let requests = 0;
  let answers = 0;
  let waited = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    const answer = (read: number): void => {
      answers += 1;
      waited += performance.now() - read;
      socket.write(ANSWER);
    };
    const isWhole = requestEnds();
    socket.on('data', (bytes) => {
      if (!isWhole(bytes)) return;
      requests += 1;
      // Timers fire up to a millisecond late: a shorter one makes up for it.
      const ms = waited > ANSWER_MS * answers ? ANSWER_MS - 1 : ANSWER_MS;
      setTimeout(answer, ms, performance.now());
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    answeredIn: () => waited / answers,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** @returns what is told each chunk of a connection, and tells whether a request ends with it; none comes before the last is answered */
function requestEnds(): (chunk: Buffer) => boolean {
  let head = '';
  let left = 0;
  return (chunk) => {
    if (left === 0) {
      head += chunk.toString('latin1');
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return false;
      left = Number(/^content-length: (\d+)/im.exec(head)?.[1]) - (head.length - end - 4);
      head = '';
    } else left -= chunk.length;
    return left === 0;
  };
}

/**
 * `npm run bench:report -- [events]`: what the sink sends against an API that answers in 20 ms, on 12 partitions. Kafka, ClickHouse
 * and the API share the machine with it.
 */
async function main(events: number): Promise<void> {
  const api = await slowApi();
  const measure = async ({ folder, env: base, clickhousePid }: BenchStack): Promise<void> => {
    const apps = join(folder, 'apps.json');
    writeFileSync(apps, JSON.stringify({ '*': { app_id: 'bench', app_secret: 'bench' } }));
    const env = { ...base, REPORT_URL: api.url, REPORT_CREDENTIALS: apps, LOG_LEVEL: 'warn' };
    await fill(env, WARM_UP, 1, 6 * HOUR);
    const records = await fill(env, events, 2, 6 * HOUR);
    await warmBroker(env);
    const figures = await drain(env, clickhousePid, api.requests, records + WARM_UP);
    process.stdout.write(
      `${JSON.stringify({ ...figures, 'API ms': Number(api.answeredIn().toFixed(1)) })}\n`,
    );
  };
  await withStack(PARTITIONS, measure, ALL_COMPILERS);
  api.close();
}

/** Has the broker fetch and commit until its compilers are done, which would take a third of a core from the sink. */
async function warmBroker(env: NodeJS.ProcessEnv): Promise<void> {
  const consumer = benchKafka(env).consumer({ groupId: 'bench-warm-up' });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  let commits = 0;
  await new Promise<void>((resolve, reject) => {
    const eachBatch = async ({ batch: { partition, messages } }: EachBatchPayload): Promise<void> => {
      for (const { offset } of messages) {
        if (commits === WARM_UP_COMMITS) {
          resolve();
          return;
        }
        await consumer.commitOffsets([{ topic: TOPIC, partition, offset, metadata: 'x'.repeat(100) }]);
        commits += 1;
      }
    };
    consumer.run({ autoCommit: false, eachBatch }).catch(reject);
  });
  await consumer.disconnect();
}

async function drain(
  env: NodeJS.ProcessEnv,
  clickhouse: number,
  requests: () => number,
  records: number,
): Promise<object> {
  const sink = start(['consume', 'report', '--until-caught-up'], env);
  sink.stderr?.pipe(process.stderr);
  const ended = new Promise<number | null>((resolve) => sink.once('close', resolve));
  const warm = Math.ceil(WARM_UP / ARRAY);
  while (requests() < warm) await new Promise((resolve) => setTimeout(resolve, 5));
  const used = () => ({ sink: cpuSeconds(sink.pid ?? 0), store: cpuSeconds(clickhouse) });
  const first = { at: performance.now(), requests: requests(), ...used() };
  // The last of the arrays are not full, and not all partitions have as many: they are left out.
  const most = Math.floor((records / ARRAY) * 0.9);
  while (requests() < most) await new Promise((resolve) => setTimeout(resolve, 5));
  const seconds = (performance.now() - first.at) / 1000;
  const sent = (requests() - first.requests) * ARRAY;
  const last = used();
  const code = await ended;
  if (code !== 0) throw new Error(`the sink ended with ${code}`);
  const ceiling = (PARTITIONS * ARRAY * 1000) / ANSWER_MS;
  return {
    events: sent,
    seconds: Number(seconds.toFixed(1)),
    'events/s': Math.round(sent / seconds),
    ceiling,
    share: Number((sent / seconds / ceiling).toFixed(2)),
    'core used': Number(((last.sink - first.sink) / seconds).toFixed(2)),
    'CPU µs/event': Number((((last.sink - first.sink) * 1e6) / sent).toFixed(1)),
    'ClickHouse CPU µs/event': Number((((last.store - first.store) * 1e6) / sent).toFixed(1)),
  };
}

await main(Number(process.argv[2] ?? 400_000));
process.exit(0);
