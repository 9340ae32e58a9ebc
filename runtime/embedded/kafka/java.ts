import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const JAVA_VERSION = 17;

const INSTALL = `Kafka needs Java ${JAVA_VERSION} or newer. Install it, e.g. apt-get install openjdk-${JAVA_VERSION}-jre-headless or brew install openjdk@${JAVA_VERSION}, or point JAVA_HOME at it.`;

/** The command that runs Java: of JAVA_HOME if that is set, else the one on the path. */
export const javaCommand = (home: string | undefined): string => (home ? `${home}/bin/java` : 'java');

/**
 * @returns what it says of itself: another text, another Java
 * @throws {Error} a sentence that says what to install, if Java is missing or too old
 */
export async function checkJava(java: string, env: NodeJS.ProcessEnv): Promise<string> {
  let said: string;
  try {
    said = (await run(java, ['-version'], { env })).stderr;
  } catch (cause) {
    throw new Error(`Java is missing (${java}). ${INSTALL}`, { cause });
  }
  const version = majorVersionOf(said);
  if (version !== undefined && version < JAVA_VERSION)
    throw new Error(`Java ${version} is too old. ${INSTALL}`);
  return said;
}

/** 17 of `openjdk version "17.0.15" 2025-04-15`, 8 of `java version "1.8.0_402"`. */
export function majorVersionOf(said: string): number | undefined {
  const found = /version "(?:1\.)?(\d+)/.exec(said)?.[1];
  return found === undefined ? undefined : Number(found);
}
