import { hostPort } from '../../runtime/http/address.ts';
import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { groupSettings, kafkaSettings } from '../../runtime/kafka/settings.ts';
import { integer, httpUrl } from '../../runtime/process/settings.ts';

/** Settings of the orders group. */
export const ordersSettings = {
  ...kafkaSettings,
  ...groupSettings,
  ...clickhouseSettings,
  SCHEMA_REGISTRY_URL: {
    schema: httpUrl,
    help: 'A Confluent schema registry; unset: schema ids are fingerprints.',
  },
  ORDERS_LISTEN: {
    schema: hostPort,
    help: 'Where a consumer of the group orders serves /livez, /readyz and /metrics, host:port; port 0 is a free one; unset: nowhere.',
  },
  ORDERS_BATCH_EVENTS: {
    default: '100000',
    schema: integer(1, 1_000_000),
    help: 'Events of one flush at the most.',
  },
  ORDERS_BATCH_BYTES: {
    default: '67108864',
    schema: integer(1024, 1_073_741_824),
    help: 'Bytes of one flush at the most.',
  },
  ORDERS_FLUSH_MS: {
    default: '500',
    schema: integer(1, 60_000),
    help: 'How long an event waits for company before a flush, in ms.',
  },
  ORDERS_CACHE: {
    default: '200000',
    schema: integer(0, 100_000_000),
    help: 'Order states kept in memory; others are looked up.',
  },
  PLAUSIBLE_PAST_DAYS: {
    default: '400',
    schema: integer(0, 36_500),
    help: 'How many days before its record an event may have happened; older ones become dead letters.',
  },
  PLAUSIBLE_FUTURE_DAYS: {
    default: '1',
    schema: integer(0, 3650),
    help: 'How many days after its record an event may claim to happen.',
  },
} as const;
