import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

import { createClickHouse } from '../runtime/clickhouse/client.ts';
import { offerDelays } from './marketing/freshness.ts';
import { benchCatalogue, fillHoldings, HOLDINGS_PER_BUYER } from './marketing/holdings.ts';
import { load } from './marketing/load.ts';
import { requestParts } from './marketing/parts.ts';
import { createPlatform, GOODS, requestsOf, type SignedBody } from './marketing/platform.ts';
import { childOf, cpuOf, cpuSeconds, readyLine, start } from './processes.ts';

const SIZES = [10_000, 100_000, 1_000_000];
const STACK_READY = /^ready.* ([\w.:]+:\d+),.* (http:\/\/\S+)$/m;
const MARKETING_READY = /^ready: marketing at (\S+)$/m;
const PATH = '/api/v2/query_marketing_info';
const PART_REQUESTS = 1000;
const FRESH_ORDERS = 200;

interface Ground {
  readonly env: NodeJS.ProcessEnv;
  readonly brokers: string;
  readonly store: string;
  /** Where the service answers. */
  readonly url: string;
  readonly pids: { readonly service: number; readonly clickhouse: number };
}

/** `node dist/bench/marketing.js [rate] [seconds]`: the check-out's latency as holdings grow, and where its CPU goes. */
async function main(rate: number, seconds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-bench-'));
  const platform = createPlatform();
  const random = randomOf(1709);
  await onTheRealParts(folder, platform.publicKey, async (ground) => {
    const clickhouse = createClickHouse({
      url: ground.store,
      user: 'kaquan',
      password: 'kaquan',
      clientName: 'kaquan-bench',
    });
    let filled = 0;
    for (const holdings of SIZES) {
      const buyers = holdings / HOLDINGS_PER_BUYER;
      await clickhouse.command('TRUNCATE TABLE kaquan_store.states');
      await clickhouse.command('TRUNCATE TABLE kaquan_store.buyer_orders');
      await fillHoldings(clickhouse, 0, holdings, buyers);
      filled = holdings;
      await measure(ground, requestsOf(platform, rate * 5, buyers, random), rate);
      const measured = await measure(ground, requestsOf(platform, rate * seconds, buyers, random), rate);
      print({ holdings, buyers, rate, ...measured });
    }
    const requests = requestsOf(platform, PART_REQUESTS, filled / HOLDINGS_PER_BUYER, random);
    for (const part of await requestParts(ground.store, ground.pids.clickhouse, platform, requests))
      print(part);
    print({ freshness: 'payed to offered, ms', ...(await fresh(ground, platform)) });
    await clickhouse.close();
  });
  rmSync(folder, { recursive: true, force: true });
}

async function measure(
  { url, pids }: Ground,
  requests: readonly SignedBody[],
  rate: number,
): Promise<object> {
  const before = [cpuSeconds(pids.service), cpuSeconds(pids.clickhouse)] as const;
  const latencies = await load(url, requests, rate);
  const per = (cpu: number): number => Math.round((cpu / requests.length) * 1e6);
  return {
    ...latencies,
    'service CPU µs': per(cpuSeconds(pids.service) - before[0]),
    'ClickHouse CPU µs': per(cpuSeconds(pids.clickhouse) - before[1]),
  };
}

async function fresh(ground: Ground, platform: Parameters<typeof offerDelays>[2]): Promise<object> {
  const orders = start(['consume', 'orders'], ground.env);
  orders.stdout?.resume();
  orders.stderr?.resume();
  try {
    return await offerDelays(ground.url, ground.brokers, platform, FRESH_ORDERS);
  } finally {
    await stop(orders);
  }
}

async function onTheRealParts(
  folder: string,
  publicKey: string,
  work: (ground: Ground) => Promise<void>,
): Promise<void> {
  const key = join(folder, 'platform.pem');
  const catalogue = join(folder, 'catalogue.json');
  writeFileSync(key, publicKey);
  writeFileSync(catalogue, JSON.stringify(benchCatalogue(GOODS)));
  const base = { ...process.env, KAFKA_BROKERS: '127.0.0.1:0', CLICKHOUSE_URL: 'http://127.0.0.1:0' };
  const stack = start(['stack', '--data', join(folder, 'data')], base);
  stack.stderr?.resume();
  try {
    const [, brokers = '', store = ''] = await readyLine(stack.stdout, STACK_READY);
    const env = {
      ...base,
      KAFKA_BROKERS: brokers,
      CLICKHOUSE_URL: store,
      MARKETING_LISTEN: '127.0.0.1:0',
      MARKETING_PUBLIC_KEY_FILE: key,
      MARKETING_SKEW_SECONDS: '86400',
    };
    await cpuOf(['migrate'], env);
    await cpuOf(['catalogue', 'apply', catalogue], env);
    const service = start(['serve', 'marketing'], env);
    service.stderr?.resume();
    try {
      const [, url = ''] = await readyLine(service.stdout, MARKETING_READY);
      const pids = { service: service.pid ?? 0, clickhouse: childOf(stack.pid ?? 0, 'clickhouse') };
      await work({ env, brokers, store, url: `${url}${PATH}`, pids });
    } finally {
      await stop(service);
    }
  } finally {
    await stop(stack);
  }
}

async function stop(child: ReturnType<typeof start>): Promise<void> {
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
