import type { ClickHouse, Reader, ReadOptions } from '../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../runtime/clickhouse/literals.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';

/** Which of these coupons are used up. */
export async function readRedeemed(
  clickhouse: Reader,
  couponIds: readonly string[],
  request: ReadOptions = {},
): Promise<ReadonlySet<string>> {
  if (couponIds.length === 0) return new Set();
  const last = new Map<string, Redemption>();
  for (const row of await clickhouse.query<Redemption>(redeemedSql(couponIds), request)) {
    const other = last.get(row.coupon_id);
    if (other === undefined || Number(row.at) >= Number(other.at)) last.set(row.coupon_id, row);
  }
  return new Set(
    [...last.values()].filter(({ redeemed }) => redeemed === 1).map(({ coupon_id }) => coupon_id),
  );
}

interface Redemption {
  readonly coupon_id: string;
  readonly redeemed: 0 | 1;
  /** µs since 1970 */
  readonly at: string;
}

// The rows as they lie, unmerged parts hold several of a coupon: to plan a GROUP BY takes ClickHouse longer than these take here.
export function redeemedSql(couponIds: readonly string[]): string {
  return `
    SELECT coupon_id, redeemed, toUnixTimestamp64Micro(at) AS at FROM kaquan_store.redemptions
    WHERE coupon_id IN (${couponIds.map(stringLiteral).join(',')})`;
}

/** Of each of its two requests: the caller is waiting, and can say it again. */
const TIMEOUT_MS = 10_000;

/**
 * Records that coupons are used up (`redeemed`), or that they are not after all. To say the same again changes nothing.
 * @param couponIds unique in the merchant's system, whatever app they came from; they need not be known
 * @returns those that were not so before
 */
export async function recordRedemptions(
  clickhouse: ClickHouse,
  couponIds: readonly string[],
  redeemed: boolean,
): Promise<string[]> {
  const distinct = [...new Set(couponIds)];
  const before = await readRedeemed(clickhouse, distinct, { timeoutMs: TIMEOUT_MS });
  const changed = distinct.filter((id) => before.has(id) !== redeemed);
  const rows = new RowBinaryWriter();
  for (const id of changed) {
    rows.string(id);
    rows.uint8(redeemed ? 1 : 0);
  }
  const sql = 'INSERT INTO kaquan_store.redemptions (coupon_id, redeemed) FORMAT RowBinary';
  if (changed.length > 0) await clickhouse.insert(sql, [rows.written()], { timeoutMs: TIMEOUT_MS });
  return changed;
}
