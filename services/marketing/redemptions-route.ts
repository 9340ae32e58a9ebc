import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyError, FastifyInstance } from 'fastify';
import { z } from 'zod';

import { takeRawBodies } from '../../runtime/http/raw-bodies.ts';
import { discardRest } from '../../runtime/http/rest-of-body.ts';
import { arrayOf } from '../../schemas/coupon_order/fields.ts';
import { broken } from '../../schemas/coupon_order/violation.ts';
import { couponId, problemsOf } from './redemption-rules.ts';

/** Why a redemption was not recorded; `reason` is the sentence that its sender is told, or the error that prevented it. */
export interface RedemptionRefusal {
  readonly kind: 'bad_request' | 'unauthorized' | 'not_stored';
  readonly reason: unknown;
}

export interface RedemptionsParts {
  /** The bearer token that may redeem. */
  readonly token: string;
  /** @returns the coupons that were not so before */
  readonly record: (couponIds: readonly string[], redeemed: boolean) => Promise<readonly string[]>;
  /** Told of each that is refused. */
  readonly refused: (refusal: RedemptionRefusal) => void;
}

export const REDEMPTIONS_PATH = '/redemptions';

const WRONG_TOKEN = 'the bearer token is wrong';

const absent = broken('Q4', 'must name at least one coupon');
const rules = z.strictObject(
  {
    coupon_ids: arrayOf(couponId, absent, 1, absent),
    redeemed: z.boolean(broken('Q4', 'must be true or false')).default(true),
  },
  {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? broken('Q4', 'must have coupon_ids and redeemed, and nothing else')
        : broken('Q3', 'must be a JSON object'),
  },
);

/**
 * `POST /redemptions {"coupon_ids": […], "redeemed": true}`: coupons that are used up, or, with false, are not after all. To say
 * it again changes nothing. Answers `{"changed": […]}`, once it is stored; with another status `{"error": …}`.
 */
export function addRedemptionsRoute(
  app: FastifyInstance,
  { token, record, refused }: RedemptionsParts,
): void {
  void app.register((scope, _, done) => {
    takeRawBodies(scope);
    scope.setErrorHandler(async (error: FastifyError, request, reply) => {
      const { statusCode = 503, message } = error;
      if (statusCode >= 500) refused({ kind: 'not_stored', reason: error });
      else refused({ kind: 'bad_request', reason: message });
      if (statusCode === 413) await discardRest(request.raw);
      return reply.code(statusCode).send({ error: statusCode < 500 ? message : 'not stored: try again' });
    });
    scope.addHook('onRequest', async (request, reply) => {
      if (isToken(request.headers.authorization, token)) return;
      refused({ kind: 'unauthorized', reason: WRONG_TOKEN });
      await reply.code(401).header('www-authenticate', 'Bearer').send({ error: WRONG_TOKEN });
    });
    scope.post(REDEMPTIONS_PATH, async (request, reply) => {
      const input = jsonOf(request.body);
      const parsed = rules.safeParse(input);
      if (!parsed.success) {
        const reason = problemsOf(input, parsed.error);
        refused({ kind: 'bad_request', reason });
        return reply.code(400).send({ error: reason });
      }
      return { changed: await record(parsed.data.coupon_ids, parsed.data.redeemed) };
    });
    done();
  });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

// Of digests, so that the comparison takes equally long whatever was given.
const isToken = (authorization = '', token: string): boolean =>
  timingSafeEqual(digest(authorization.replace(/^bearer +/i, 'Bearer ')), digest(`Bearer ${token}`));

function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse(Buffer.isBuffer(body) ? body.toString() : '') as unknown;
  } catch {
    return undefined;
  }
}
