import { z } from 'zod';

import { hostPort } from '../../runtime/http/address.ts';
import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { groupSettings, kafkaSettings } from '../../runtime/kafka/settings.ts';
import { httpUrl, integer, text } from '../../runtime/process/settings.ts';

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.string().pipe(z.enum(values, `must be one of ${values.join(', ')}`));

const codes: z.ZodType<ReadonlySet<number>, string> = z.string().transform((list, context) => {
  const parts = list.split(',').map((part) => part.trim());
  if (!parts.every((part) => /^-?\d+$/.test(part)))
    context.addIssue({ code: 'custom', message: 'must be whole numbers, comma-separated' });
  return new Set(parts.map(Number));
});

/** Settings of the report group. */
export const reportSettings = {
  ...kafkaSettings,
  ...groupSettings,
  ...clickhouseSettings,
  SCHEMA_REGISTRY_URL: {
    schema: httpUrl,
    help: 'A Confluent schema registry; unset: schema ids are fingerprints.',
  },
  REPORT_URL: {
    schema: httpUrl,
    help: 'The report API that events are forwarded to, without a path, such as https://zhls.qq.com; unset: nothing leaves.',
  },
  REPORT_MODE: {
    default: 'report',
    schema: oneOf(['report', 'safe-report']),
    help: 'Which endpoint: report (/api/report, not signed) or safe-report (/api/v1/safe-report, signed).',
  },
  REPORT_CREDENTIALS: {
    schema: text,
    help: 'A JSON file {"<WeChat app_id>" or "*": {"app_id", "app_secret" or "app_secret_file"}}.',
  },
  REPORT_LISTEN: {
    schema: hostPort,
    help: 'Where a consumer of the group report serves /livez, /readyz and /metrics, host:port; port 0 is a free one; unset: nowhere.',
  },
  REPORT_RATE: {
    schema: integer(1, 10_000_000),
    help: 'Events per second at the most, of all consumers together; below 1,000 arrays hold fewer. Unset: no limit.',
  },
  REPORT_TIMEOUT_MS: {
    default: '10000',
    schema: integer(10, 600_000),
    help: 'How long one request may take, in ms.',
  },
  REPORT_ARRAY_MAX: {
    default: '50',
    schema: integer(1, 50),
    help: "Events of one request at the most; 1 sends the specification's single object.",
  },
  REPORT_KEY: {
    default: 'coupon',
    schema: oneOf(['coupon', 'order']),
    help: "The name that an order's facts are sent under.",
  },
  REPORT_TIMES: {
    default: 'text',
    schema: oneOf(['text', 'number']),
    help: 'Times as 13-digit strings (text) or as numbers.',
  },
  REPORT_AMOUNTS: {
    default: 'text',
    schema: oneOf(['text', 'number']),
    help: 'Amounts in yuan as strings with two decimals (text) or as numbers.',
  },
  REPORT_RETRY_MS: {
    default: '1000',
    schema: integer(1, 600_000),
    help: 'The first pause before a request is tried again, in ms; it doubles up to REPORT_RETRY_MAX_MS, with full jitter.',
  },
  REPORT_RETRY_MAX_MS: {
    default: '300000',
    schema: integer(1, 3_600_000),
    help: 'The longest pause before a request is tried again, in ms.',
  },
  REPORT_RETRY_CODES: {
    schema: codes,
    help: "Codes of the API's answers that mean try again, comma-separated; unset: every code but 0 is a refusal.",
  },
} as const;
