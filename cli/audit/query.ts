import type { RequestOptions } from '../../runtime/clickhouse/client.ts';

/** An audit may take its time; what it must not do is take the store from those who work with it. */
export const UNHURRIED = { timeoutMs: 600_000, settings: { max_threads: 1 } } satisfies RequestOptions;

/** How long an audit may take, ms: what the tables may forget meanwhile is not claimed. */
export const AHEAD_MS = 3_600_000;
