import type { Logger } from 'pino';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import { stringLiteral } from '../runtime/clickhouse/literals.ts';
import { migrationsIn, sqlFilesIn, statementsIn, type Migration } from './files.ts';
import { withStoreLock, type Lock, type LockOptions } from './lock.ts';
import { recordFact, recordedFact } from './records.ts';
import { applyRetention, type Retention } from './retention.ts';

export { withStoreLock } from './lock.ts';
export { recordTopic, recordedFact, recordedTopic, type RecordedTopic } from './records.ts';

export interface MigrateOptions {
  /** The IANA time zone in which the views' minutes, hours and days begin. */
  readonly timeZone: string;
  /** The version of the fold whose states the store holds; recorded once, and refused if another one is recorded. */
  readonly foldVersion: string;
  readonly retention?: Retention;
  /** Names this run to others that wait for it, such as `host:pid`. */
  readonly owner: string;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** A monotonic clock, in ms. */
  readonly now: () => number;
  /** After how long the lock of a run that has died is taken over, in ms; 30,000 unless told. */
  readonly lockStaleAfterMs?: number;
  readonly signal?: AbortSignal;
  readonly onWait?: LockOptions['onWait'];
  /** Where `bootstrap.sql`, `migrations/` and `views/` lie; this folder unless told. */
  readonly folder?: URL;
}

/** The store and the program do not belong together; the message says what to do. */
export class StoreMismatch extends Error {
  override readonly name = 'StoreMismatch';
}

const STATEMENT_TIMEOUT_MS = 600_000;

/**
 * Applies the migrations that are missing, and nothing else: also to a store that another fold has filled.
 * @returns the names of the migrations that this run applied.
 * @throws {StoreMismatch} when an applied migration has changed or is unknown here.
 */
export async function applyMigrations(
  clickhouse: ClickHouse,
  options: Omit<MigrateOptions, 'timeZone' | 'foldVersion'>,
): Promise<{ applied: string[] }> {
  return withMigrations(clickhouse, options, async (migrations, lock) => ({
    applied: await applyMissing(clickhouse, migrations, options, lock),
  }));
}

/**
 * Brings the store to what this program needs: the migrations that are missing, then the views, the TTLs and the facts.
 * Safe to repeat, to kill at any moment and to run twice at once: every statement is idempotent, and one run waits for
 * the other.
 * @returns the names of the migrations that this run applied.
 * @throws {StoreMismatch} when an applied migration has changed or is unknown here, or another fold filled the store.
 */
export async function migrateStore(
  clickhouse: ClickHouse,
  options: MigrateOptions,
): Promise<{ applied: string[] }> {
  return withMigrations(clickhouse, options, async (migrations, lock, folder) => {
    await refuseAnotherFold(clickhouse, options.foldVersion);
    const applied = await applyMissing(clickhouse, migrations, options, lock);
    await applyViews(clickhouse, new URL('views/', folder), options.timeZone, lock);
    await applyRetention(clickhouse, options.retention ?? {});
    if ((await recordedFact(clickhouse, 'fold_version')) === undefined)
      await recordFact(clickhouse, 'fold_version', options.foldVersion);
    return { applied };
  });
}

async function withMigrations<T>(
  clickhouse: ClickHouse,
  options: Omit<MigrateOptions, 'timeZone' | 'foldVersion'>,
  work: (migrations: readonly Migration[], lock: Lock, folder: URL) => Promise<T>,
): Promise<T> {
  const folder = options.folder ?? new URL('./', import.meta.url);
  const migrations = await migrationsIn(new URL('migrations/', folder));
  await run(clickhouse, await statementsIn(new URL('bootstrap.sql', folder)), 'bootstrap.sql');
  return withStoreLock(clickhouse, lockOptionsOf(options), (lock) => work(migrations, lock, folder));
}

function lockOptionsOf({
  owner,
  logger,
  now,
  signal,
  onWait,
  lockStaleAfterMs,
}: Omit<MigrateOptions, 'timeZone' | 'foldVersion'>) {
  const optional = {
    ...(signal === undefined ? {} : { signal }),
    ...(lockStaleAfterMs === undefined ? {} : { staleAfterMs: lockStaleAfterMs }),
  };
  return { owner, logger, now, onWait, ...optional };
}

async function refuseAnotherFold(clickhouse: ClickHouse, foldVersion: string): Promise<void> {
  const recorded = await recordedFact(clickhouse, 'fold_version');
  if (recorded === undefined || recorded === foldVersion) return;
  throw new StoreMismatch(
    `the store was filled by fold version ${recorded} and this program folds with ${foldVersion}: run kaquan rebuild orders`,
  );
}

async function applyMissing(
  clickhouse: ClickHouse,
  migrations: readonly Migration[],
  { owner, logger }: Pick<MigrateOptions, 'owner' | 'logger'>,
  lock: Lock,
): Promise<string[]> {
  const recorded = await appliedOnes(clickhouse, migrations);
  const missing = migrations.filter(({ version }) => !recorded.has(version));
  for (const { version, name, checksum, statements } of missing) {
    await run(clickhouse, statements, name, lock);
    await clickhouse.command(
      `INSERT INTO kaquan_store.migrations (version, name, checksum, owner)
       SELECT {version:UInt32}, {name:String}, {checksum:String}, {owner:String}`,
      { params: { version, name, checksum, owner } },
    );
    logger.info({ migration: name }, 'migration applied');
  }
  return missing.map(({ name }) => name);
}

/** The names of the migrations that the store lacks. @throws {StoreMismatch} as `migrateStore` does */
export async function missingMigrations(
  clickhouse: ClickHouse,
  folder = new URL('./', import.meta.url),
): Promise<string[]> {
  const migrations = await migrationsIn(new URL('migrations/', folder));
  const applied = await appliedOnes(clickhouse, migrations);
  return migrations.filter(({ version }) => !applied.has(version)).map(({ name }) => name);
}

/** The versions that the store has, each proven to come from the file that lies here. */
async function appliedOnes(
  clickhouse: ClickHouse,
  migrations: readonly Migration[],
): Promise<ReadonlySet<number>> {
  const rows = await clickhouse.query<{ version: number; name: string; checksum: string }>(
    'SELECT version, name, checksum FROM kaquan_store.migrations FINAL ORDER BY version',
  );
  for (const { version, name, checksum } of rows) {
    const file = migrations.find((migration) => migration.version === version);
    if (file === undefined)
      throw new StoreMismatch(
        `the store has migration ${name}, which this program does not know: upgrade the program`,
      );
    if (file.checksum !== checksum)
      throw new StoreMismatch(
        `${file.name} has changed since it was applied as ${name}: restore it, and write a new migration`,
      );
  }
  return new Set(rows.map(({ version }) => version));
}

async function applyViews(clickhouse: ClickHouse, folder: URL, timeZone: string, lock: Lock): Promise<void> {
  for (const file of await sqlFilesIn(folder)) {
    const statements = await statementsIn(file, { time_zone: stringLiteral(timeZone) });
    await run(clickhouse, statements, file.pathname.slice(folder.pathname.length), lock);
  }
}

async function run(
  clickhouse: ClickHouse,
  statements: readonly string[],
  name: string,
  lock?: Lock,
): Promise<void> {
  for (const [index, statement] of statements.entries()) {
    lock?.confirm();
    try {
      await clickhouse.command(statement, { timeoutMs: STATEMENT_TIMEOUT_MS });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${name}, statement ${index + 1} of ${statements.length}: ${reason}`, { cause: error });
    }
  }
}
