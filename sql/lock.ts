import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';

export interface LockOptions {
  /** Names the claimant to whoever waits for him, such as `host:pid`; need not be unique. */
  readonly owner: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** A monotonic clock, in ms. */
  readonly now: () => number;
  /** A claim that its owner has not renewed for so long is a dead owner's; 30,000 unless told. */
  readonly staleAfterMs?: number;
  /** Gives up waiting. */
  readonly signal?: AbortSignal;
  /** Told once of each other claimant that it waits for. */
  readonly onWait?: ((other: Claimant) => void) | undefined;
}

/** Somebody else who claims the store. */
export interface Claimant {
  /** As he named himself. */
  readonly owner: string;
  /** In how many ms his claim is stale, if he does not renew it: he is dead then. */
  readonly livesMs: number;
}

export interface Lock {
  /** @throws when the claim may be stale by now, so that somebody else may hold the lock. */
  confirm(): void;
  release(): Promise<void>;
}

const STALE_AFTER_MS = 30_000;
const POLL_MS = 200;

const LIVING = `
  SELECT owner, toFloat64(dateDiff('millisecond', now64(3), seen_at) + {stale:UInt32}) AS livesMs FROM
  (
      SELECT owner, argMax(released, revision) AS is_released, max(at) AS seen_at
      FROM kaquan_store.migration_lock GROUP BY owner
  )
  WHERE NOT is_released AND seen_at > now64(3) - toIntervalMillisecond({stale:UInt32})
  ORDER BY owner`;

const CLAIM = `
  INSERT INTO kaquan_store.migration_lock (owner, revision, released)
  SELECT {owner:String}, {revision:UInt32}, {released:UInt8}`;

/**
 * Waits until this claimant alone claims the store. Each claims first and looks then, so of two at once the later
 * looker sees both; he whose name is the lesser stays, the other withdraws. The claim is renewed in the background.
 */
async function acquireLock(clickhouse: ClickHouse, options: LockOptions): Promise<Lock> {
  const staleAfterMs = options.staleAfterMs ?? STALE_AFTER_MS;
  const claim = claimOf(clickhouse, `${options.owner} ${randomUUID()}`, options.now);
  for (let told = ''; ;) {
    await claim.renew();
    const living = await clickhouse.query<Claimant>(LIVING, { params: { stale: staleAfterMs } });
    const first = living.find(({ owner }) => owner !== claim.owner);
    if (first === undefined) break;
    if (first.owner < claim.owner) await claim.release();
    if (first.owner !== told) tell(first, options);
    told = first.owner;
    await delay(POLL_MS * (1 + Math.random()), undefined, { signal: options.signal }).catch(
      async (error: unknown) => {
        await claim.release();
        throw error;
      },
    );
  }
  return held(claim, staleAfterMs, options);
}

function tell({ owner, livesMs }: Claimant, { logger, onWait }: LockOptions): void {
  logger.info({ owner }, 'another migration is running; waiting for it');
  // Behind the blank is what makes it unique.
  onWait?.({ owner: owner.replace(/ .*/, ''), livesMs });
}

/** Does `work` while this process alone holds the store's lock; waits for it first. */
export async function withStoreLock<T>(
  clickhouse: ClickHouse,
  options: LockOptions,
  work: (lock: Lock) => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(clickhouse, options);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

function held(claim: Claim, staleAfterMs: number, options: LockOptions): Lock {
  const warn = (error: unknown): void =>
    options.logger.warn({ err: error }, 'could not renew the migration lock');
  const timer = setInterval(() => void claim.renew().catch(warn), staleAfterMs / 4);
  timer.unref();
  return {
    confirm() {
      const age = options.now() - claim.renewedAt();
      if (age >= staleAfterMs)
        throw new Error(`the migration lock was not renewed for ${Math.round(age)} ms and is lost`);
    },
    async release() {
      clearInterval(timer);
      await claim.release();
    },
  };
}

interface Claim {
  readonly owner: string;
  renew(): Promise<void>;
  release(): Promise<void>;
  /** When the last renewal that succeeded was sent. */
  renewedAt(): number;
}

function claimOf(clickhouse: ClickHouse, owner: string, now: () => number): Claim {
  let revision = 0;
  let renewedAt = now();
  const write = (released: 0 | 1): Promise<void> =>
    clickhouse.command(CLAIM, { params: { owner, revision: ++revision, released }, timeoutMs: 10_000 });
  return {
    owner,
    async renew() {
      const sentAt = now();
      await write(0);
      renewedAt = sentAt;
    },
    release: () => write(1),
    renewedAt: () => renewedAt,
  };
}
