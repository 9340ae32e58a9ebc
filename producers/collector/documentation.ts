import { z } from 'zod';

import { HEALTH_ROUTES } from '../../runtime/http/health.ts';
import { openApi } from '../../runtime/http/openapi.ts';
import type { Answer, Route } from '../../runtime/http/route.ts';
import { RULES } from '../../schemas/coupon_order/rules.ts';
import { MAX_NONCE, REPORT_PATHS, type ReportMode } from '../../schemas/report_api/index.ts';
import { failedSchema, refusalSchema, takenSchema } from './answers.ts';

const timestamp = z
  .string()
  .regex(/^\d{10}$/)
  .describe('Seconds since 1970, close to the clock of the collector.');
const nonce = z.string().min(1).max(MAX_NONCE).describe('Any text.');
const appId = z.string().min(1).describe('The app_id that was issued for the app; not the WeChat one.');

const openQuery = z.object({
  token: z
    .string()
    .min(1)
    .optional()
    .describe('What a mini program sends instead of the other three: its app_id.'),
  app_id: appId.optional(),
  timestamp: timestamp.optional(),
  nonce: nonce.optional(),
});

const signedQuery = z.object({
  app_id: appId,
  timestamp,
  nonce,
  sign: z.literal('sha256'),
  signature: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe(
      'HMAC-SHA256 with the app_secret over app_id=…&nonce=…&sign=sha256&timestamp=…, values not URL-encoded, in lower-case hex.',
    ),
});

const report = RULES.strict.body;
const otherEvent = z.looseObject({ type: z.string() }).describe('An event of another type is ignored.');
const body = z.union([report, otherEvent, z.array(z.union([report, otherEvent]))]);

const failed = (description: string, headers?: Answer['headers']): Answer => ({
  description,
  body: failedSchema,
  ...(headers && { headers }),
});

const RETRY_AFTER = { 'retry-after': 'When to try again, in seconds.' };

const answers = {
  200: { description: 'Kafka has acknowledged all of it.', body: takenSchema },
  400: failed('The request was cut short.'),
  401: failed('A check of the query failed; msg names it.'),
  413: failed('The body or its array is too large.'),
  429: failed('Too many requests, or too many bodies that are not JSON.', RETRY_AFTER),
  500: failed('The collector failed; its log says why.'),
  503: failed('Kafka did not acknowledge, or too much is in flight: send the same again.', RETRY_AFTER),
} as const;

/** The two endpoints. */
export const REPORT_ROUTES: Readonly<Record<ReportMode, Route>> = {
  report: {
    method: 'post',
    path: REPORT_PATHS.report,
    summary: 'Reports from anybody, such as a mini program',
    description:
      'One event or an array of them. Events that break a rule, and bodies that are not JSON, are kept as dead letters and ' +
      'answered with code 0 too: the mini program would send all of them again for ever.',
    query: openQuery,
    body,
    answers,
  },
  'safe-report': {
    method: 'post',
    path: REPORT_PATHS['safe-report'],
    summary: 'Signed reports from a backend',
    description: 'One event or an array of them. If one breaks a rule, nothing is taken.',
    query: signedQuery,
    body,
    answers: {
      ...answers,
      400: { description: 'The body is no JSON in UTF-8, or events in it break rules.', body: refusalSchema },
    },
  },
};

const documentRoute: Route = {
  method: 'get',
  path: '/openapi.json',
  summary: 'This document',
  answers: { 200: { description: 'An OpenAPI 3.1 document.', body: z.looseObject({ openapi: z.string() }) } },
};

/** The OpenAPI document of all that the collector serves. */
export const DOCUMENT = openApi(
  {
    title: 'kaquan collector',
    version: '1',
    description:
      "Takes coupon_order events over the protocol of 有数's report API, and publishes them onto Kafka.",
  },
  [...Object.values(REPORT_ROUTES), ...Object.values(HEALTH_ROUTES), documentRoute],
);
