import { createServer, type Server } from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fill } from './fill.ts';
import { cpuSeconds, start } from './processes.ts';
import { withStack } from './stack.ts';

const PARTITIONS = 12;
const ARRAY = 50;
const ANSWER_MS = 20;
const HOUR = 3_600_000;
const WARM_UP = 30_000;
const TAKEN = '{"code":0,"msg":"ok"}';

interface SlowApi {
  readonly server: Server;
  readonly url: string;
  readonly requests: () => number;
  /** How long it really took from the end of a request to its answer, on average, ms. */
  readonly answeredIn: () => number;
}

/** A report API that answers after 20 ms and looks at nothing, so that the sink is what is measured. */
async function slowApi(): Promise<SlowApi> {
  let requests = 0;
  let answers = 0;
  let waited = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    request.once('end', () => {
      const read = performance.now();
      setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': TAKEN.length });
        response.end(TAKEN);
        answers += 1;
        waited += performance.now() - read;
      }, ANSWER_MS);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    requests: () => requests,
    answeredIn: () => waited / answers,
  };
}

/**
 * `npm run bench:report -- [events]`: what the sink sends against an API that answers in 20 ms, on 12 partitions. Kafka, ClickHouse
 * and the API share the machine with it.
 */
async function main(events: number): Promise<void> {
  const api = await slowApi();
  await withStack(PARTITIONS, async ({ folder, env: base, clickhousePid }) => {
    const apps = join(folder, 'apps.json');
    writeFileSync(apps, JSON.stringify({ '*': { app_id: 'bench', app_secret: 'bench' } }));
    const env = { ...base, REPORT_URL: api.url, REPORT_CREDENTIALS: apps, LOG_LEVEL: 'warn' };
    await fill(env, WARM_UP, 1, 6 * HOUR);
    const records = await fill(env, events, 2, 6 * HOUR);
    const figures = await drain(env, clickhousePid, api.requests, records + WARM_UP);
    process.stdout.write(
      `${JSON.stringify({ ...figures, 'API ms': Number(api.answeredIn().toFixed(1)) })}\n`,
    );
  });
  api.server.closeAllConnections();
  api.server.close();
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
