import { identity } from '../schemas/identities/identity.ts';
import { storeIdentities } from '../services/marketing/identities.ts';
import { connectClickHouse } from './connections.ts';
import { EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { bytesOf, readNdjson, type Lines } from './ndjson.ts';
import type { Identity } from '../schemas/identities/identity.ts';
import { FileProblems, refuse } from './problems.ts';
import { createProgress, grouped } from './produce/progress.ts';

/**
 * `kaquan identities apply`: which buyers of two apps are the same person. Adds to what is known; of one buyer the last line counts.
 * Safe to repeat. A file with a bad line is refused as a whole, before anything is stored.
 * @throws {CommandError} naming every broken rule and its line
 */
export async function identitiesApply(
  { path, json }: { readonly path: string; readonly json?: true },
  io: Io,
): Promise<number> {
  const problems = new FileProblems(path);
  const lines = await read(path, 'checked', io, (some) => {
    problems.add(some.problems);
    return Promise.resolve();
  });
  refuse(path, problems.lines);
  const clickhouse = connectClickHouse(io.env);
  try {
    await read(path, 'stored', io, ({ values }) => storeIdentities(clickhouse, values));
  } finally {
    await clickhouse.close();
  }
  io.stdout.write(
    json ? `${JSON.stringify({ identities: lines }, null, 2)}\n` : `stored ${grouped(lines)} identities\n`,
  );
  return EXIT.done;
}

/** @returns how many lines are identities */
async function read(
  path: string,
  what: string,
  io: Io,
  take: (some: Lines<Identity>) => Promise<void>,
): Promise<number> {
  const progress = createProgress(io.stderr, await bytesOf(path));
  let [bytes, lines] = [0, 0];
  try {
    for await (const some of readNdjson(path, identity)) {
      await take(some);
      bytes += some.bytes;
      lines += some.values.length;
      progress.show(bytes, `${what} ${grouped(lines)} lines`);
    }
  } finally {
    progress.stop();
  }
  return lines;
}
