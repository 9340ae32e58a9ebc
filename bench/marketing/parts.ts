import { createPublicKey } from 'node:crypto';

import { answer } from '../../domain/coupon/answer.ts';
import { cartOf } from '../../domain/coupon/cart.ts';
import { createClickHouse } from '../../runtime/clickhouse/client.ts';
import { createReader } from '../../runtime/clickhouse/reader.ts';
import { readCatalogue } from '../../services/marketing/catalogue/snapshot.ts';
import { lookUpBuyers } from '../../services/marketing/holdings.ts';
import { queryReader, type MarketingQuery } from '../../services/marketing/request/query.ts';
import { rsaSignature } from '../../services/marketing/signature/rsa.ts';
import { cpuSeconds } from '../processes.ts';
import type { Platform, SignedBody } from './platform.ts';

export interface PartCost {
  readonly part: string;
  /** CPU in µs, of one request. */
  readonly cpu: number;
}

const ROUNDS = 3;
/** The catalogue has no members and no points, and nobody was told who a buyer is: the service does not ask for them then. */
const ORDERS_ALONE = { version: undefined, identities: false };

/** What each part of a request costs alone, with nothing else running. @param clickhousePid its process */
export async function requestParts(
  url: string,
  clickhousePid: number,
  platform: Platform,
  requests: readonly SignedBody[],
): Promise<PartCost[]> {
  const store = { url, user: 'kaquan', password: 'kaquan', clientName: 'kaquan-bench' };
  const clickhouse = createClickHouse(store);
  const reader = createReader(store);
  try {
    const bodies = requests.map(({ body }) => Buffer.from(body));
    const read = queryReader(['2.0']);
    const queries = bodies.map((body) => queryOf(read(body)));
    const verify = rsaSignature(createPublicKey(platform.publicKey), 86_400_000);
    const catalogue = await readCatalogue(clickhouse, undefined);
    const look = lookUpBuyers(reader);
    const buyers = await look(
      queries.map(({ buyer }) => buyer),
      ORDERS_ALONE,
    );
    const answers = queries.map(({ buyer, lines }, at) => {
      const known = buyers[at] ?? { holdings: [], memberships: [], balances: [] };
      return () =>
        answer({ cart: cartOf(lines), buyer: known, catalogue: catalogue.of(buyer.appId), now: Date.now() });
    });
    const infos = answers.map((make) => make().info);
    const own = async (part: string, work: () => unknown): Promise<PartCost> => {
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < ROUNDS; round++) {
        const before = process.cpuUsage();
        await work();
        const { user, system } = process.cpuUsage(before);
        least = Math.min(least, (user + system) / requests.length);
      }
      return { part, cpu: Math.round(least) };
    };
    const lookUpIn = async (size: number): Promise<PartCost[]> => {
      const asked = async (): Promise<void> => {
        for (let at = 0; at < queries.length; at += size)
          await look(
            queries.slice(at, at + size).map(({ buyer }) => buyer),
            ORDERS_ALONE,
          );
      };
      const before = cpuSeconds(clickhousePid);
      const service = await own(`look-up shared by ${size}: the service`, asked);
      const store = ((cpuSeconds(clickhousePid) - before) / ROUNDS / requests.length) * 1e6;
      return [service, { part: `look-up shared by ${size}: ClickHouse`, cpu: Math.round(store) }];
    };
    return [
      await own('verify the signature', () => {
        for (const [at, body] of bodies.entries()) {
          const { headers = {} } = requests[at] ?? {};
          const refusal = verify(
            { header: (name) => headers[name], query: new URLSearchParams(), body },
            Date.now(),
          );
          if (refusal !== undefined) throw new Error(refusal.detail);
        }
      }),
      await own('read the request', () => bodies.map(read)),
      ...(await lookUpIn(1)),
      ...(await lookUpIn(10)),
      await own('judge and answer', () => answers.map((make) => make())),
      await own('write the answer', () => infos.map((info) => JSON.stringify(info))),
    ];
  } finally {
    await Promise.all([clickhouse.close(), reader.close()]);
  }
}

function queryOf(parsed: ReturnType<ReturnType<typeof queryReader>>): MarketingQuery {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.query;
}
