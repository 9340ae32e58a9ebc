import type { Logger } from 'pino';

import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import { startRestable, type RestOptions, type Worker } from '../runtime/process/restable.ts';
import { HeldError, holdOn, reasonOf } from './rebuilds.ts';

export interface HoldableOptions extends Pick<RestOptions, 'start' | 'onFatal'> {
  readonly clickhouse: ClickHouse;
  /** The consumer group. */
  readonly group: string;
  readonly logger: Logger;
  /** Gives the start up. */
  readonly signal?: AbortSignal;
}

const POLL_MS = 1000;
const GRACE_MS = 8000;

/** A member of a group that stays away while a rebuild says so, and comes back by itself. */
export const startHoldable = ({ clickhouse, group, signal, ...around }: HoldableOptions): Promise<Worker> =>
  startRestable(
    {
      ...around,
      async rest() {
        const held = await holdOn(clickhouse, group, { timeoutMs: 10_000 });
        return held && reasonOf(held);
      },
      isRest: (error) => error instanceof HeldError,
      graceMs: GRACE_MS,
      pollMs: POLL_MS,
    },
    signal,
  );
