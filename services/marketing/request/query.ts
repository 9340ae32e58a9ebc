import type { z } from 'zod';

import type { GoodsLine } from '../../../domain/coupon/cart.ts';
import { violationAt, type Violation } from '../../../schemas/coupon_order/violation.ts';
import type { BuyerKey } from '../interface.ts';
import { bodyRules, msgRules } from './rules.ts';

/** Whose offers the platform asks for, and for which order. */
export interface MarketingQuery {
  readonly buyer: BuyerKey;
  /** As requested; a goods may stand on several lines. */
  readonly lines: readonly GoodsLine[];
}

export type ParsedQuery =
  | { readonly ok: true; readonly query: MarketingQuery }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Reads the body of a request, `{version, msg, type}` with `msg` the JSON text of the query, or says every rule (Q2–Q6) that
 * it breaks. Source: Douyin query_marketing_info.
 * @param versions what `version` may say
 */
export function queryReader(versions: readonly string[]): (body: Buffer) => ParsedQuery {
  const rules = bodyRules(versions);
  return (body) => {
    const outer = read(body, rules, '');
    if ('violations' in outer) return { ok: false, violations: outer.violations };
    const inner = read(Buffer.from(outer.value.msg), msgRules, 'msg');
    if ('violations' in inner) return { ok: false, violations: inner.violations };
    return { ok: true, query: queryOf(inner.value) };
  };
}

type Read<T> = { readonly value: T } | { readonly violations: readonly Violation[] };

/** @param place what the text is a part of; '' for the whole */
function read<T>(text: Buffer, rules: z.ZodType<T>, place: string): Read<T> {
  const json = jsonIn(text);
  if (json === undefined)
    return {
      violations: [{ path: place, rule: 'Q3', message: 'must be JSON in UTF-8', found: 'other text' }],
    };
  const result = rules.safeParse(json.value);
  if (result.success) return { value: result.data };
  const violations = result.error.issues.map(({ path, message }) => violationAt(json.value, path, message));
  return { violations: violations.map((one) => ({ ...one, path: within(place, one.path) })) };
}

const within = (place: string, path: string): string => [place, path].filter(Boolean).join('.');

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

function jsonIn(text: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(UTF_8.decode(text)) as unknown };
  } catch {
    return undefined;
  }
}

function queryOf(msg: z.output<typeof msgRules>): MarketingQuery {
  return {
    buyer: { appId: msg.app_id, openId: msg.open_id, unionId: msg.union_id || undefined },
    lines: msg.goods_info.map(({ goods_id: goodsId, quantity, price, total_amount: total }) => ({
      goodsId,
      quantity,
      total: price == null ? (total ?? 0) : price * quantity,
    })),
  };
}
