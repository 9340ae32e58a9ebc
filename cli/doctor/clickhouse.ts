import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { duration } from '../../runtime/process/duration.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('ClickHouse');

/** What this version was tested with. */
const TESTED = { major: 26, minor: 7 } as const;

export async function checkVersion(clickhouse: ClickHouse): Promise<Finding[]> {
  const [row] = await clickhouse.query<{ version: string }>('SELECT version() AS version', PATIENCE);
  return [versionFinding(row?.version ?? '')];
}

export function versionFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isTested = major > TESTED.major || (major === TESTED.major && minor >= TESTED.minor);
  if (isTested) return well(`It is version ${version}.`);
  const tested = `${TESTED.major}.${TESTED.minor}`;
  return wrong(
    `It is version ${version}, and kaquan is tested with ${tested} and later.`,
    `Update it to ${tested}.`,
  );
}

const PATIENCE = { timeoutMs: 10_000 };

// Merges keep up with some hundreds; ClickHouse itself begins to slow inserts down at 1,000.
const MOST_PARTS = 500;
const LONG_S = 3600;

export async function checkParts(clickhouse: ClickHouse): Promise<Finding[]> {
  const rows = await clickhouse.query<{ name: string; partition_id: string; parts: number }>(PARTS, PATIENCE);
  const many = rows.filter(({ parts }) => parts > MOST_PARTS);
  if (many.length === 0) return [well('Merges keep up: no partition of a table has too many parts.')];
  return many.map(({ name, partition_id: partition, parts }) =>
    wrong(
      `${name} has ${parts} parts in its partition ${partition}: merges do not keep up.`,
      'Look at system.merges and the disk; fewer, larger flushes help (ORDERS_FLUSH_MS).',
    ),
  );
}

const PARTS = `
  SELECT concat(database, '.', table) AS name, partition_id, toFloat64(count()) AS parts
  FROM system.parts
  WHERE active AND database = 'kaquan_store'
  GROUP BY name, partition_id
  ORDER BY parts DESC`;

export async function checkMerges(clickhouse: ClickHouse): Promise<Finding[]> {
  const [merges, mutations] = await Promise.all([
    clickhouse.query<{ name: string; seconds: number }>(MERGES, PATIENCE),
    clickhouse.query<{ name: string; mutation_id: string; seconds: number; reason: string }>(
      MUTATIONS,
      PATIENCE,
    ),
  ]);
  const findings = [
    ...merges
      .filter(({ seconds }) => seconds > LONG_S)
      .map(({ name, seconds }) =>
        wrong(
          `A merge of ${name} runs for ${duration(seconds * 1000)}.`,
          'Look at the disk, and at system.merges.',
        ),
      ),
    ...mutations
      .filter(({ seconds, reason }) => reason !== '' || seconds > LONG_S)
      .map(({ name, mutation_id: id, seconds, reason }) =>
        wrong(
          `The mutation ${id} of ${name} is not done after ${duration(seconds * 1000)}${reason === '' ? '' : `: ${reason}`}.`,
          `Mend what it says, or end it: KILL MUTATION WHERE mutation_id = '${id}'.`,
        ),
      ),
  ];
  return findings.length > 0 ? findings : [well('No merge or mutation is stuck.')];
}

const MERGES = `
  SELECT concat(database, '.', table) AS name, toFloat64(elapsed) AS seconds
  FROM system.merges WHERE database = 'kaquan_store'`;

// The reason may quote a row: its first words name the error.
const MUTATIONS = `
  SELECT
      concat(database, '.', table) AS name, mutation_id,
      toFloat64(dateDiff('second', create_time, now())) AS seconds,
      extract(latest_fail_reason, '\\\\(([A-Z_]{3,})\\\\)') AS reason
  FROM system.mutations WHERE database = 'kaquan_store' AND NOT is_done`;

export interface Disk {
  readonly name: string;
  /** Bytes. */
  readonly free: number;
  readonly total: number;
}

export async function checkDisks(clickhouse: ClickHouse): Promise<Finding[]> {
  return diskFindings(await clickhouse.query<Disk>(DISKS, PATIENCE));
}

const DISKS = `
  SELECT name, toFloat64(free_space) AS free, toFloat64(total_space) AS total
  FROM system.disks WHERE total_space > 0 AND total_space < exp2(62)`;

const LEAST_SHARE = 0.1;
const GIB = 2 ** 30;

/** @param disks empty: a ClickHouse on object storage has none to tell of */
export function diskFindings(disks: readonly Disk[]): Finding[] {
  const space = findingsOf('disk');
  if (disks.length === 0) return [space.well('ClickHouse does not tell how much room there is.')];
  return disks.map(({ name, free, total }) => {
    const sentence = `${(free / GIB).toFixed(1)} of ${(total / GIB).toFixed(1)} GiB are free under ClickHouse (${name}).`;
    if (free / total >= LEAST_SHARE) return space.well(sentence);
    return space.wrong(sentence, 'Make room, before merges and inserts fail: a full disk stops every group.');
  });
}
