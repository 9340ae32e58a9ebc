import { spawn, type ChildProcess } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

import { createClickHouse } from '../runtime/clickhouse/client.ts';
import { offerDelays } from './marketing/freshness.ts';
import {
  benchCatalogue,
  fillHoldings,
  HOLDINGS_PER_BUYER,
  mergeHoldings,
  redeemOneOfEach,
} from './marketing/holdings.ts';
import { load } from './marketing/load.ts';
import { requestParts } from './marketing/parts.ts';
import { createPlatform, GOODS, requestsOf, type Platform, type SignedBody } from './marketing/platform.ts';
import { cpuOf, cpuSeconds, MAIN, readyLine, start } from './processes.ts';
import { withStack, type BenchStack } from './stack.ts';

const LARGEST = 1_000_000;
const SIZES = [10_000, 100_000, LARGEST];
const MARKETING_READY = /^ready: marketing at (\S+)$/m;
const PATH = '/api/v2/query_marketing_info';
const PART_REQUESTS = 1000;
// Until then V8 still compiles, which takes a tenth of a millisecond of a request.
const WARM_UP_SECONDS = 20;
const FRESH_ORDERS = 200;

interface Service {
  /** Where it answers. */
  readonly url: string;
  readonly pid: number;
}

/** `npm run bench:marketing -- [rate] [seconds]`: the check-out's latency as holdings grow, and where its CPU goes. */
async function main(rate: number, seconds: number): Promise<void> {
  const platform = createPlatform();
  const random = randomOf(1709);
  await withStack(4, async (stack) => {
    const ground = await withCatalogue(stack, platform.publicKey);
    const { clickhouseUrl: url } = ground;
    const clickhouse = createClickHouse({
      url,
      user: 'kaquan',
      password: 'kaquan',
      clientName: 'kaquan-bench',
    });
    const requests = (count: number, holdings: number): SignedBody[] =>
      requestsOf(platform, count, holdings / HOLDINGS_PER_BUYER, random);
    const latencies = (holdings: number, redeemed: number): Promise<void> =>
      withService(ground, async (service) => {
        await measure(ground, service, requests(rate * WARM_UP_SECONDS, holdings), rate);
        const measured = await measure(ground, service, requests(rate * seconds, holdings), rate);
        print({ holdings, redeemed, rate, ...measured });
      });
    for (const holdings of SIZES) {
      await clickhouse.command('TRUNCATE TABLE kaquan_store.states');
      await clickhouse.command('TRUNCATE TABLE kaquan_store.buyer_orders');
      await fillHoldings(clickhouse, 0, holdings, holdings / HOLDINGS_PER_BUYER);
      await mergeHoldings(clickhouse);
      await latencies(holdings, 0);
    }
    await redeemOneOfEach(clickhouse, LARGEST / HOLDINGS_PER_BUYER);
    await latencies(LARGEST, LARGEST / HOLDINGS_PER_BUYER);
    for (const part of await requestParts(
      url,
      ground.clickhousePid,
      platform,
      requests(PART_REQUESTS, LARGEST),
    ))
      print(part);
    await withService(ground, async (service) => {
      print({ freshness: 'payed to offered, ms', ...(await fresh(ground, service, platform)) });
    });
    await clickhouse.close();
  });
}

async function measure(
  { clickhousePid }: BenchStack,
  { url, pid }: Service,
  requests: readonly SignedBody[],
  rate: number,
): Promise<object> {
  const before = [cpuSeconds(pid), cpuSeconds(clickhousePid)] as const;
  const latencies = await load(url, requests, rate);
  const per = (cpu: number): number => Math.round((cpu / requests.length) * 1e6);
  return {
    ...latencies,
    'service CPU µs': per(cpuSeconds(pid) - before[0]),
    'ClickHouse CPU µs': per(cpuSeconds(clickhousePid) - before[1]),
  };
}

async function fresh(ground: BenchStack, { url }: Service, platform: Platform): Promise<object> {
  const orders = start(['consume', 'orders'], ground.env);
  orders.stdout?.resume();
  orders.stderr?.resume();
  try {
    return await offerDelays(url, ground.brokers, platform, FRESH_ORDERS);
  } finally {
    await stop(orders);
  }
}

/** The stack with what the service needs: a catalogue in the store, and settings that trust the platform's key. */
async function withCatalogue(stack: BenchStack, publicKey: string): Promise<BenchStack> {
  const key = join(stack.folder, 'platform.pem');
  const catalogue = join(stack.folder, 'catalogue.json');
  writeFileSync(key, publicKey);
  writeFileSync(catalogue, JSON.stringify(benchCatalogue(GOODS)));
  const env = {
    ...stack.env,
    MARKETING_LISTEN: '127.0.0.1:0',
    MARKETING_PUBLIC_KEY_FILE: key,
    MARKETING_SKEW_SECONDS: '86400',
  };
  await cpuOf(['catalogue', 'apply', catalogue], env);
  return { ...stack, env };
}

async function withService(
  { folder, env }: BenchStack,
  work: (service: Service) => Promise<void>,
): Promise<void> {
  // Its log goes to a file, as in life: through a pipe it would wait for this process.
  const service = spawn(process.execPath, [MAIN, 'serve', 'marketing'], {
    env,
    stdio: ['ignore', 'pipe', openSync(join(folder, 'marketing.log'), 'a')],
  });
  try {
    const [, url = ''] = await readyLine(service.stdout, MARKETING_READY);
    await work({ url: `${url}${PATH}`, pid: service.pid ?? 0 });
  } finally {
    await stop(service);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await ended;
}

function randomOf(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  return () => uniformFloat64(generator);
}

function print(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

await main(Number(process.argv[2] ?? 500), Number(process.argv[3] ?? 30));
process.exit(0);
