import { httpUrl, text, timeZone } from '../process/settings.ts';

/** Settings of every process that speaks to ClickHouse. */
export const clickhouseSettings = {
  CLICKHOUSE_URL: { default: 'http://127.0.0.1:8123', schema: httpUrl, help: "ClickHouse's HTTP interface." },
  CLICKHOUSE_USER: { default: 'kaquan', schema: text, help: 'The user that migrates, writes and looks up.' },
  CLICKHOUSE_PASSWORD: { default: 'kaquan', schema: text, help: "That user's password." },
  CLICKHOUSE_ANALYST_USER: {
    default: 'analyst',
    schema: text,
    help: 'The read-only user of `kaquan sql` and of analysts.',
  },
  CLICKHOUSE_ANALYST_PASSWORD: { default: 'analyst', schema: text, help: "The analyst's password." },
  TIME_ZONE: {
    default: 'Asia/Shanghai',
    schema: timeZone,
    help: "The merchant's time zone: where its minutes, hours and days begin.",
  },
} as const;
