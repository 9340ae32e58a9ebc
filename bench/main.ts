import { fill } from './fill.ts';
import { freshness } from './freshness.ts';
import { partCosts } from './parts.ts';
import { cpuOf, cpuSeconds } from './processes.ts';
import { withStack } from './stack.ts';

const MILLION = 1_000_000;
const HOUR = 3_600_000;

/** `npm run bench -- [events] [rounds]`: drains, parts and freshness on the real parts, on this machine. */
async function main(events: number, rounds: number): Promise<void> {
  await withStack(4, async ({ env, clickhousePid }) => {
    // A warm-up: code that is compiled, pages that are there.
    await fill(env, Math.floor(events / 10), 1, 6 * HOUR);
    await cpuOf(['consume', 'orders', '--until-caught-up'], env);
    let published = 0;
    for (let round = 0; round < rounds; round++) {
      const records = await fill(env, events, 100 + round, 6 * HOUR);
      published += records;
      await drain(env, clickhousePid, records);
    }
    print(await partCosts(env, clickhousePid, published));
    print([{ freshness: 'alone', ...(await freshness(env, 1000, 30)) }]);
    print([{ freshness: 'beside queries of 10 s', ...(await freshness(env, 1000, 30, true)) }]);
  });
}

async function drain(env: NodeJS.ProcessEnv, clickhouse: number, records: number): Promise<void> {
  const before = cpuSeconds(clickhouse);
  const begin = performance.now();
  const node = await cpuOf(['consume', 'orders', '--until-caught-up'], env);
  const seconds = (performance.now() - begin) / 1000;
  const store = cpuSeconds(clickhouse) - before;
  const per = (cpu: number): number => Number(((cpu / records) * MILLION).toFixed(1));
  print([
    {
      records,
      seconds: Number(seconds.toFixed(1)),
      'events/s': Math.round(records / seconds),
      'CPU-s/M': per(node + store),
      'consumer CPU-s/M': per(node),
      'ClickHouse CPU-s/M': per(store),
    },
  ]);
}

function print(rows: readonly object[]): void {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}

await main(Number(process.argv[2] ?? MILLION), Number(process.argv[3] ?? 3));
process.exit(0);
