import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import type { Part } from '../part.ts';
import { log4jProperties, serverProperties } from './properties.ts';

export interface KafkaStart {
  readonly java: string;
  readonly jars: string;
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
}

const run = promisify(execFile);

// The quick compiler and the simple collector halve the CPU time of a start; a small node needs no more.
const JVM = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-XX:+ExitOnOutOfMemoryError'];
const HEAP = ['-Xms128m', '-Xmx512m'];

/**
 * Runs the rest of its command line, and ends it when standard input ends: when the stack closes it, and also when the
 * stack was killed. Prints the process's id first.
 */
const WATCHED = `
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
echo "pid $child"
{
  while read -r _; do :; done
  kill -TERM "$child"
  i=0
  while kill -0 "$child" && [ $i -lt 50 ]; do sleep 0.1; i=$((i + 1)); done
  kill -KILL "$child"
} <&3 >/dev/null 2>&1 &
watch=$!
wait "$child"
code=$?
kill "$watch" 2>/dev/null
exit $code`;

/** Formats the folder on first use, and starts Kafka. */
export async function startKafka(options: KafkaStart, env: NodeJS.ProcessEnv): Promise<Part> {
  const { folder, java, jars } = options;
  const files = configure(options);
  const classes = ['-cp', join(jars, '*'), `-Dlog4j2.configurationFile=${pathToFileURL(files.log4j).href}`];
  if (!existsSync(join(folder, 'data', 'meta.properties'))) await format(java, classes, files.server, env);
  const log = openSync(files.output, 'w');
  const command = [java, ...JVM, ...HEAP, ...classes, 'kafka.Kafka', files.server];
  const child = spawn('/bin/sh', ['-c', WATCHED, 'sh', ...command], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  return watched(child, files);
}

interface Files {
  readonly server: string;
  readonly log4j: string;
  readonly output: string;
  readonly log: string;
}

function configure({ folder, host, port, controllerPort }: KafkaStart): Files {
  mkdirSync(folder, { recursive: true });
  const file = (name: string) => join(folder, name);
  const files = {
    server: file('server.properties'),
    log4j: file('log4j2.properties'),
    output: file('output.log'),
    log: file('kafka.log'),
  };
  writeFileSync(files.server, serverProperties({ host, port, controllerPort, dataFolder: file('data') }));
  writeFileSync(files.log4j, log4jProperties(files.log));
  return files;
}

async function format(
  java: string,
  classes: string[],
  properties: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const id = randomBytes(16).toString('base64url');
  const tool = [
    'kafka.tools.StorageTool',
    'format',
    '--cluster-id',
    id,
    '--config',
    properties,
    '--ignore-formatted',
  ];
  await run(java, [...JVM, '-Xmx128m', ...classes, ...tool], { env });
}

function watched(child: ChildProcess, files: Files): Part {
  let java: number | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`Kafka cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      // Were the watching shell killed, Kafka would go on alone.
      if (signal !== null && java !== undefined) killIfAlive(java);
      resolve(`Kafka has ended (${signal ?? `exit code ${code ?? '?'}`})${lastWords(files)}`);
    });
  });
  const serving = new Promise<void>((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('pid ')) java = Number(line.slice(4));
      if (line.includes('Kafka Server started')) resolve();
    });
  });
  const ready = Promise.race([serving, ended.then((how) => Promise.reject(new Error(how)))]);
  ready.catch(() => undefined);
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    await ended;
  };
  return { pids: () => [child.pid, java].filter((pid) => pid !== undefined), ready, ended, stop };
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function lastWords({ log, output }: Files): string {
  const said = [log, output]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8').trim());
  const last = said.join('\n').trim().split('\n').slice(-3).join('\n  ');
  return last === '' ? `; see ${log}` : `; its log ${log} ends with:\n  ${last}`;
}
