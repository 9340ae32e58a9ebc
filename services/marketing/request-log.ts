import type { Logger } from 'pino';

import type { Offers } from '../../domain/coupon/offers.ts';
import { ClickHouseError } from '../../runtime/clickhouse/errors.ts';
import type { Outcome } from './check-out.ts';

/** What a log line may say of a request beside its outcome: nothing of who asked. */
export interface Told {
  /** The platform's own id of the request. */
  readonly logId: string | undefined;
  readonly ageMs: number;
  readonly tookMs: number;
}

/** Tells of each request what became of it, and why coupons may not be used: in numbers, never who asked for what. */
export function requestLog(logger: Logger): (outcome: Outcome, told: Told) => void {
  const unknown = new Set<string>();
  return (outcome, { logId, ageMs, tookMs }) => {
    const line = { step: 'answer', log_id: logId, age_ms: Math.round(ageMs), took_ms: Math.round(tookMs) };
    if (outcome.kind === 'refused') {
      logger.warn({ ...line, refusal: outcome.refusal.kind, reason: outcome.refusal.detail }, 'refused');
      return;
    }
    const asked = { app_id: outcome.query.buyer.appId, lines: outcome.query.lines.length };
    if (outcome.kind !== 'offered') {
      logger.warn({ ...line, ...asked, reason: outcome.kind, error: wordsOf(outcome.error) }, 'no marketing');
      return;
    }
    const { offers } = outcome.answer;
    logger.info({ ...line, ...asked, ...countsOf(offers) }, 'answered');
    for (const { couponBatchId } of offers.unknown) {
      if (unknown.has(couponBatchId) || unknown.size >= UNKNOWN_TOLD) continue;
      unknown.add(couponBatchId);
      logger.warn({ coupon_batch_id: couponBatchId }, 'held, but not in the catalogue: left out');
    }
  };
}

// Each batch once: a shop whose catalogue is old would otherwise fill the log.
const UNKNOWN_TOLD = 1000;

/** What may be logged of an error: ClickHouse's own words may quote the question, which names the buyers. */
export function wordsOf(error: unknown): string | undefined {
  if (error instanceof ClickHouseError) return `ClickHouse refused with ${error.type} (code ${error.code})`;
  return error instanceof Error ? error.message : undefined;
}

/** Of the held coupons: how many, how many usable, and how often each reason stands against one. */
function countsOf({ coupons, unknown }: Offers) {
  const reasons: Record<string, number> = {};
  for (const { verdict } of coupons)
    for (const reason of verdict.reasons) reasons[reason] = (reasons[reason] ?? 0) + 1;
  const usable = coupons.filter(({ verdict }) => verdict.reasons.length === 0).length;
  return { coupons: coupons.length, usable, reasons, unknown_batches: unknown.length };
}
