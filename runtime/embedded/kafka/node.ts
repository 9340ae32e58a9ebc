import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import type { Part } from '../part.ts';
import type { ExtraListener } from '../settings.ts';
import { log4jProperties, serverProperties, type ClusterMember } from './properties.ts';
import { startWatched } from './watched-process.ts';

export interface KafkaStart {
  readonly java: string;
  readonly jars: string;
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly extraListeners: readonly ExtraListener[];
  /** Absent: a node that is alone. */
  readonly member?: ClusterMember & { readonly clusterId: string };
  /** MB; 512 unless told. */
  readonly heap?: number;
  /** The file in which the JVM keeps Kafka's classes as it needs them: a start with it takes half the CPU. */
  readonly archive?: string;
}

const run = promisify(execFile);

// The quick compiler and the simple collector halve the CPU time of a start; a small node needs no more.
const JVM = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError'];
const HEAP_MB = 512;

/** Formats the folder on first use, and starts Kafka. */
export async function startKafka(options: KafkaStart, env: NodeJS.ProcessEnv): Promise<Part> {
  const { folder, java, jars, member, archive, heap = HEAP_MB } = options;
  const files = configure(options);
  const classes = ['-cp', join(jars, '*'), `-Dlog4j2.configurationFile=${pathToFileURL(files.log4j).href}`];
  const { read, write, keep } = classSharing(archive);
  if (!existsSync(join(folder, 'data', 'meta.properties'))) {
    const id = member?.clusterId ?? newClusterId();
    await format([java, ...JVM, ...read, '-Xmx128m', ...classes], files.server, id, env);
  }
  const log = openSync(files.output, 'w');
  const memory = ['-Xms128m', `-Xmx${heap}m`];
  const command = [java, ...JVM, ...read, ...write, ...memory, ...classes, 'kafka.Kafka', files.server];
  const part = startWatched({
    name: 'Kafka',
    command,
    env,
    stderr: log,
    readyLine: 'Kafka Server started',
    lastWords: () => lastWords(files),
  });
  closeSync(log);
  void part.ended.then(keep);
  return part;
}

/** Beside the jars, one for each Java. @param version what Java says of itself */
export const classArchive = (jars: string, version: string): string =>
  `${jars}-${createHash('sha256').update(version).digest('hex').slice(0, 16)}.jsa`;

interface ClassSharing {
  /** For every JVM: what reads the archive. */
  readonly read: readonly string[];
  /** For Kafka's own: what makes the archive at its end. */
  readonly write: readonly string[];
  /** To be called at that end. */
  readonly keep: () => void;
}

/** One that does not fit is left aside by the JVM; several that make one at once do not meet. */
function classSharing(archive: string | undefined): ClassSharing {
  const none = { read: [], write: [], keep: () => undefined };
  if (archive === undefined) return none;
  if (existsSync(archive)) return { ...none, read: [`-XX:SharedArchiveFile=${archive}`] };
  const made = `${archive}-${randomBytes(8).toString('hex')}`;
  const keep = (): void => {
    if (isWhole(made)) renameSync(made, archive);
    else rmSync(made, { force: true });
  };
  return { ...none, write: [`-XX:ArchiveClassesAtExit=${made}`], keep };
}

/** The JVM writes an archive's head when all the rest is there. */
function isWhole(archive: string): boolean {
  if (!existsSync(archive)) return false;
  const file = openSync(archive, 'r');
  const head = Buffer.alloc(4);
  readSync(file, head);
  closeSync(file);
  return head.readUInt32LE() !== 0;
}

interface Files {
  readonly server: string;
  readonly log4j: string;
  readonly output: string;
  readonly log: string;
}

function configure({ folder, ...place }: KafkaStart): Files {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  const files = {
    server: file('server.properties'),
    log4j: file('log4j2.properties'),
    output: file('output.log'),
    log: file('kafka.log'),
  };
  writeFileSync(files.server, serverProperties({ ...place, dataFolder: file('data') }));
  writeFileSync(files.log4j, log4jProperties(files.log));
  return files;
}

/** A random id in Kafka's form; a leading hyphen would be taken for an option. */
export function newClusterId(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('base64url');
}

async function format(
  [java = '', ...options]: readonly string[],
  properties: string,
  id: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const tool = ['kafka.tools.StorageTool', 'format', '--cluster-id', id, '--config', properties];
  await run(java, [...options, ...tool, '--ignore-formatted'], { env });
}

function lastWords({ log, output }: Files): string {
  const said = [log, output]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim());
  const last = said.join('\n').trim().split('\n').slice(-3).join('\n  ');
  return last === '' ? `; see ${log}` : `; its log ${log} ends with:\n  ${last}`;
}
