import { cartOf, type GoodsLine } from '../domain/coupon/cart.ts';
import { readCatalogue } from '../services/marketing/catalogue/snapshot.ts';
import { findBuyers } from '../services/marketing/holdings.ts';
import { connectClickHouse } from './connections.ts';
import { explain as explanationOf } from './explain/explanation.ts';
import { asText } from './explain/text.ts';
import { EXIT } from './failure.ts';
import type { Io } from './io.ts';

export interface ExplainOptions {
  readonly app: string;
  readonly openId: string;
  readonly unionId?: string;
  readonly goods: readonly GoodsLine[];
  /** The moment that is asked about; now unless told. */
  readonly at?: Date;
  readonly json?: true;
}

/** `kaquan explain`: why a buyer's order may use what, and not the rest. @param now ms since 1970 */
export async function explain(options: ExplainOptions, io: Io, now = Date.now): Promise<number> {
  const { app: appId, openId, unionId, goods, at } = options;
  const clickhouse = connectClickHouse(io.env);
  try {
    const catalogue = await readCatalogue(clickhouse, undefined);
    const [found] = await findBuyers(clickhouse, [{ appId, openId, unionId }], {
      version: catalogue.version,
      identities: true,
    });
    if (found === undefined) throw new Error('a buyer who is looked up is found, if with nothing');
    const explanation = explanationOf(found, catalogue.of(appId), cartOf(goods), at?.getTime() ?? now());
    io.stdout.write(options.json ? `${JSON.stringify(explanation, null, 2)}\n` : asText(explanation));
    return EXIT.done;
  } finally {
    await clickhouse.close();
  }
}
