import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { accountedOffsets } from '../../sql/ledgers.ts';
import type { OffsetRange } from '../audit/ranges.ts';
import { unaccountedRanges, type Accounting } from '../audit/place-sql.ts';
import { UNHURRIED } from '../audit/query.ts';

/**
 * Of a group without members, up to where the tables account for every offset: what it committed, and what a consumer stored
 * right before it died.
 * @param committed by partition
 */
export async function accountedCut(
  clickhouse: ClickHouse,
  admin: KafkaAdmin,
  topic: string,
  accounting: Accounting,
  committed: ReadonlyMap<number, number>,
): Promise<ReadonlyMap<number, number>> {
  const log = await admin.offsets(topic);
  const cut = new Map(committed);
  for (const [partition, stored] of await accountedOffsets(clickhouse, accounting, UNHURRIED)) {
    const from = committed.get(partition) ?? log.get(partition)?.start ?? 0;
    if (stored <= from) continue;
    const sql = unaccountedRanges(accounting, partition, from, stored);
    const [missing] = await clickhouse.query<OffsetRange>(sql, UNHURRIED);
    cut.set(partition, missing?.first ?? stored);
  }
  return cut;
}
