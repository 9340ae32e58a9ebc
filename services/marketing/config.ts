import { z } from 'zod';

import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { hostPort } from '../../runtime/http/address.ts';
import { HEALTH_ROUTES } from '../../runtime/http/health.ts';
import { kafkaSettings } from '../../runtime/kafka/settings.ts';
import { integer, list, text, type Parsed } from '../../runtime/process/settings.ts';
import { REDEMPTIONS_PATH } from './redemptions-route.ts';

/** What the service serves beside it. */
const OWN_PATHS = [REDEMPTIONS_PATH, ...Object.values(HEALTH_ROUTES).map(({ path }) => path)];
const SCHEMES = ['rsa', 'legacy_sha1', 'none'] as const;
const STATUSES = ['200', 'kind'] as const;

const oneOf = <const V extends readonly string[]>(values: V) =>
  z.string().pipe(z.enum(values, `must be one of ${values.join(', ')}`));

/** Settings of the marketing service. */
export const marketingSettings = {
  ...kafkaSettings,
  ...clickhouseSettings,
  MARKETING_LISTEN: {
    default: '127.0.0.1:8081',
    schema: hostPort,
    help: 'Where the marketing service listens, host:port; port 0 is a free one.',
  },
  MARKETING_PATH: {
    default: '/api/v2/query_marketing_info',
    schema: z
      .string()
      .regex(/^\/(?!\/)[\w\-./]*$/, 'must be a path such as /api/v2/query_marketing_info')
      .refine((path) => !OWN_PATHS.includes(path), `must not be one of ${OWN_PATHS.join(', ')}`),
    help: "The path of the platform's query_marketing_callback.",
  },
  MARKETING_VERSIONS: {
    default: '2.0',
    schema: list,
    help: 'The values of `version` that are answered, comma-separated.',
  },
  MARKETING_SIGNATURE: {
    default: 'rsa',
    schema: oneOf(SCHEMES),
    help: 'How requests are signed: rsa (Byte-Signature), legacy_sha1 (Signature), or none, which answers anybody.',
  },
  MARKETING_PUBLIC_KEY_FILE: {
    schema: text,
    help: "The file with the platform's RSA public key, PEM; needed by rsa.",
  },
  MARKETING_TOKEN_FILE: { schema: text, help: 'The file with the token of legacy_sha1.' },
  MARKETING_SKEW_SECONDS: {
    default: '300',
    schema: integer(1, 86_400),
    help: 'How far the signed time may lie from the clock, before or after, in seconds.',
  },
  MARKETING_REFUSALS_FILE: {
    schema: text,
    help: 'A JSON file that replaces err_no, err_tips or status of refusals, by kind.',
  },
  MARKETING_REFUSAL_STATUS: {
    default: '200',
    schema: oneOf(STATUSES),
    help: 'The HTTP status of a refusal: always 200, or that of its kind.',
  },
  MARKETING_BUDGET_MS: {
    default: '800',
    schema: integer(1, 60_000),
    help: 'After how many ms a request is answered "no marketing", so that the order page still sells.',
  },
  MARKETING_STALE_SECONDS: {
    default: '60',
    schema: integer(1, 86_400),
    help: 'How many seconds holdings may be behind the topic before they are not offered any more.',
  },
  MARKETING_SHARE_MS: {
    default: '2',
    schema: integer(0, 1000),
    help: 'How long a request waits for others that share its look-up, in ms.',
  },
  MARKETING_LOOK_UPS: {
    default: '2',
    schema: integer(1, 100),
    help: 'Look-ups at the same time at the most; another one begins only when those under way take long. Meanwhile requests gather, and share the next one.',
  },
  MARKETING_ADMIN_TOKEN_FILE: {
    schema: text,
    help: 'The file with the bearer token of POST /redemptions; unset: there is no such path.',
  },
} as const;

export type MarketingConfig = Parsed<typeof marketingSettings>;
