import { fill } from './fill.ts';
import { freshness } from './freshness.ts';
import { partCosts } from './parts.ts';
import { cpuOf } from './processes.ts';
import { withStack } from './stack.ts';

const HOUR = 3_600_000;

/** `npm run bench -- [events]`: what the parts of the orders group cost, and freshness, on the real parts. */
async function main(events: number): Promise<void> {
  await withStack(4, async ({ env, clickhousePid }) => {
    const published = await fill(env, events, 1, 6 * HOUR);
    // A warm-up: code that is compiled, pages that are there.
    await cpuOf(['consume', 'orders', '--until-caught-up'], env);
    print(await partCosts(env, clickhousePid, published));
    print([{ freshness: 'alone', ...(await freshness(env, 1000, 30)) }]);
    print([{ freshness: 'beside queries of 10 s', ...(await freshness(env, 1000, 30, true)) }]);
  });
}

function print(rows: readonly object[]): void {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}

await main(Number(process.argv[2] ?? 300_000));
process.exit(0);
