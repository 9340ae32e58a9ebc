import type { ClickHouse, RequestOptions } from '../../runtime/clickhouse/client.ts';
import { stringLiteral } from '../../runtime/clickhouse/literals.ts';
import { RowBinaryWriter } from '../../runtime/clickhouse/row-binary.ts';

/** Which of these coupons are used up. */
export async function readRedeemed(
  clickhouse: ClickHouse,
  couponIds: readonly string[],
  request: RequestOptions = {},
): Promise<ReadonlySet<string>> {
  if (couponIds.length === 0) return new Set();
  const rows = await clickhouse.query<{ coupon_id: string }>(redeemedSql(couponIds), request);
  return new Set(rows.map(({ coupon_id }) => coupon_id));
}

export function redeemedSql(couponIds: readonly string[]): string {
  return `
    SELECT coupon_id FROM kaquan_store.redemptions
    WHERE coupon_id IN (${couponIds.map(stringLiteral).join(',')})
    GROUP BY coupon_id HAVING argMax(redeemed, at) = 1`;
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
