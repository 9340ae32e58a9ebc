import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

import { claimPort } from '../../runtime/embedded/address.ts';
import { kafkaJars } from '../../runtime/embedded/kafka/jars.ts';
import { javaCommand } from '../../runtime/embedded/kafka/java.ts';
import { startKafka, type KafkaStart } from '../../runtime/embedded/kafka/node.ts';

const HOST = '127.0.0.1';
const folder = mkdtempSync(join(tmpdir(), 'kaquan-archive-'));
const archive = join(folder, 'classes.jsa');
let options: KafkaStart;

beforeAll(async () => {
  const port = () => claimPort({ host: HOST, port: 0 }, 'a test');
  options = {
    java: javaCommand(process.env['JAVA_HOME']),
    jars: await kafkaJars({
      pom: fileURLToPath(new URL('../../pom.xml', import.meta.url)),
      cache: fileURLToPath(new URL('../../node_modules/.cache/kaquan', import.meta.url)),
      env: process.env,
      onFetch: () => undefined,
    }),
    folder: join(folder, 'kafka'),
    host: HOST,
    port: await port(),
    controllerPort: await port(),
    extraListeners: [],
    archive,
  };
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts Kafka and ends it. @returns its command line */
async function servedOnce(): Promise<string> {
  const part = await startKafka(options, process.env);
  try {
    await part.ready;
    return part
      .pids()
      .map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      .join(' ');
  } finally {
    await part.stop();
  }
}

it('keeps the classes of its first run, and reads them at the next', async () => {
  expect(await servedOnce()).toContain(`-XX:ArchiveClassesAtExit=${archive}`);
  const { size, mtimeMs } = statSync(archive);
  expect(size).toBeGreaterThan(1_000_000);
  expect(await servedOnce()).toContain(`-XX:SharedArchiveFile=${archive}`);
  expect(statSync(archive)).toMatchObject({ size, mtimeMs });
}, 120_000);

it('keeps nothing of a run that was cut off', async () => {
  rmSync(archive);
  const part = await startKafka(options, process.env);
  await part.ready;
  for (const pid of part.pids()) process.kill(pid, 'SIGKILL');
  await part.ended;
  expect(readdirSync(folder)).toEqual(['kafka']);
}, 60_000);
