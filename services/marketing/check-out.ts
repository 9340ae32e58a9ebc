import { answer, noMarketing, type Answer } from '../../domain/coupon/answer.ts';
import type { Buyer } from '../../domain/coupon/buyer.ts';
import { cartOf, type Cart } from '../../domain/coupon/cart.ts';
import type { Catalogue } from '../../domain/coupon/catalogue.ts';
import type { MarketingInfo } from '../../domain/coupon/marketing-info.ts';
import type { BuyerKey } from './interface.ts';
import type { Refusal } from './refusals.ts';
import type { MarketingQuery, ParsedQuery } from './request/query.ts';
import type { SignedRequest, Verify } from './signature/signed-request.ts';
import { withinBudget } from './budget.ts';
import { violationsText } from './violations-text.ts';

/** What is known of a buyer, and what his app offers, of one moment. */
export interface Known {
  readonly buyer: Buyer;
  readonly catalogue: Catalogue;
}

export interface CheckOutParts {
  readonly verify: Verify;
  readonly read: (body: Buffer) => ParsedQuery;
  /** @throws when the store can't tell */
  readonly lookUp: (buyer: BuyerKey, isOver: () => boolean) => Promise<Known>;
  /** ms that all of a request may take. */
  readonly budgetMs: number;
  /** How far behind the topic the holdings are, ms. */
  readonly age: () => number;
  /** ms of it that are too many. */
  readonly staleMs: number;
  /** ms since 1970 */
  readonly now: () => number;
}

/** Why nothing is offered: the time is up, the holdings are too old, or the store does not answer. */
export type Silence = 'late' | 'stale' | 'unavailable';

export type Outcome =
  | { readonly kind: 'offered'; readonly query: MarketingQuery; readonly answer: Answer }
  | {
      readonly kind: Silence;
      readonly query: MarketingQuery;
      readonly info: MarketingInfo;
      readonly error?: unknown;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Answers requests. One that may be answered always is: when the offers can't be told, with "no marketing", so that the order
 * page still sells. Never rejects because of the store.
 */
export function checkOut(parts: CheckOutParts): (request: SignedRequest) => Promise<Outcome> {
  return async (request) => {
    const refusal = parts.verify(request, parts.now());
    if (refusal !== undefined) return { kind: 'refused', refusal };
    const parsed = parts.read(request.body);
    if (parsed.ok) return offer(parts, parsed.query);
    const detail = violationsText(parsed.violations);
    return { kind: 'refused', refusal: { kind: 'bad_request', detail } };
  };
}

async function offer(parts: CheckOutParts, query: MarketingQuery): Promise<Outcome> {
  const cart = cartOf(query.lines);
  if (parts.age() > parts.staleMs) return silence('stale', query, cart);
  try {
    const known = await withinBudget(parts.budgetMs, (isOver) => parts.lookUp(query.buyer, isOver));
    if (known === undefined) return silence('late', query, cart);
    return { kind: 'offered', query, answer: answer({ ...known, cart, now: parts.now() }) };
  } catch (error) {
    return { ...silence('unavailable', query, cart), error };
  }
}

const silence = (kind: Silence, query: MarketingQuery, cart: Cart) =>
  ({ kind, query, info: noMarketing(cart) }) as const;
