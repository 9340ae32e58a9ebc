import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { hasCode } from '../error-code.ts';

const run = promisify(execFile);

export interface JarsOptions {
  /** Names the version; another pom is another folder. */
  readonly pom: string;
  readonly cache: string;
  /** Maven's; PATH says where it is. */
  readonly env: NodeJS.ProcessEnv;
  /** Called before a fetch, which takes a while. */
  readonly onFetch: () => void;
  readonly signal?: AbortSignal;
}

/**
 * The folder with Kafka's jars, fetched by Maven where they are missing. Several processes may do so at once: a folder
 * appears whole.
 * @throws {Error} a sentence that says what to install, or what Maven said
 */
export async function kafkaJars(options: JarsOptions): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(options.pom)).digest('hex').slice(0, 16);
  const folder = join(options.cache, `kafka-${hash}`);
  if (existsSync(folder)) return folder;
  options.onFetch();
  mkdirSync(options.cache, { recursive: true });
  const fetched = mkdtempSync(`${folder}-`);
  try {
    await fetch(fetched, options);
    renameSync(fetched, folder);
  } catch (error) {
    // Another process was first.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(fetched, { recursive: true, force: true });
  }
  return folder;
}

async function fetch(folder: string, { pom, env, signal }: JarsOptions): Promise<void> {
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${folder}`];
  try {
    await run('mvn', ['-q', '-B', '-f', pom, ...goal], { env, ...(signal && { signal }) });
  } catch (error) {
    throw new Error(fetchFailure(error), { cause: error });
  }
}

function fetchFailure(error: unknown): string {
  if (hasCode(error, 'ENOENT')) {
    return 'Maven (mvn) is missing: it fetches Kafka, once. Install it, e.g. apt-get install maven or brew install maven.';
  }
  const said = (error as { stdout?: string }).stdout ?? String(error);
  const lines = said.split('\n').filter((line) => line.includes('ERROR'));
  return `Maven could not fetch Kafka:\n${lines.slice(0, 5).join('\n') || said}`;
}
