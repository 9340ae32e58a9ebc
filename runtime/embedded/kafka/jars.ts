import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The folder with Kafka's jars, fetched by Maven where they are missing. Several processes may do so at once: a folder
 * appears whole.
 * @param pom names the version; another pom is another folder
 * @param onFetch called before a fetch that takes a while
 * @throws {Error} a sentence that says what to install, or what Maven said
 */
export async function kafkaJars(
  pom: string,
  cache: string,
  onFetch: () => void,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16);
  const folder = join(cache, `kafka-${hash}`);
  if (existsSync(folder)) return folder;
  onFetch();
  mkdirSync(dirname(folder), { recursive: true });
  const fetched = mkdtempSync(`${folder}-`);
  try {
    await fetch(pom, fetched, signal);
    renameSync(fetched, folder);
  } catch (error) {
    // Another process was first.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
  return folder;
}

async function fetch(pom: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  try {
    await run('mvn', ['-q', '-B', '-f', pom, ...goal], { ...(signal && { signal }) });
  } catch (error) {
    throw new Error(fetchFailure(error), { cause: error });
  }
}

function fetchFailure(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return 'Maven (mvn) is missing: it fetches Kafka, once. Install it, e.g. apt-get install maven or brew install maven.';
  }
  const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  const lines = said.split('\n').filter((line) => line.includes('ERROR'));
  return `Maven could not fetch Kafka:\n${lines.slice(0, 5).join('\n') || said}`;
}
