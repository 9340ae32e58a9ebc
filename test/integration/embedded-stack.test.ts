import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';

import { kafkaJars } from '../../runtime/embedded/kafka/jars.ts';
import { identityOf } from '../../runtime/embedded/process-identity.ts';
import { childOf, startTestStack, type TestStack } from '../stack.ts';
import { asking, until } from './embedded-http.ts';

const folder = mkdtempSync(join(tmpdir(), 'kaquan-embedded-'));
const running = new Set<TestStack>();

async function start(data: string, env: Readonly<Record<string, string>> = {}): Promise<TestStack> {
  const stack = await startTestStack({ data: join(folder, data), env });
  running.add(stack);
  return stack;
}

afterEach(async () => {
  await Promise.all([...running].map((stack) => stack.stop()));
  running.clear();
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Not a zombie: of a stack that was killed, the parts wait for whoever took them over to take note of their end.
const isAlive = (pid: number): boolean => identityOf(pid) !== undefined;

interface Lock {
  readonly parts: readonly { readonly pid: number }[];
}

const partsOf = ({ data }: TestStack): number[] =>
  (JSON.parse(readFileSync(join(data, 'stack.lock'), 'utf8')) as Lock).parts.map(({ pid }) => pid);

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

const exitOf = ({ child }: TestStack): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)));

const allGone = (pids: readonly number[]): Promise<true> =>
  until(() => Promise.resolve(pids.some(isAlive) ? undefined : true), 60_000);

const kafkaOf = ({ brokers }: TestStack): Kafka =>
  new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });

async function publish(stack: TestStack, values: readonly string[]): Promise<void> {
  const producer = kafkaOf(stack).producer();
  await producer.connect();
  const messages = values.map((value) => ({ value }));
  await producer.send({ topic: 'log', acks: -1, messages });
  await producer.disconnect();
}

async function endOfLog(stack: TestStack): Promise<string[]> {
  const admin = kafkaOf(stack).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets('log');
  await admin.disconnect();
  return offsets.map(({ high }) => high);
}

describe('a stack that is killed', () => {
  it('keeps all that was acknowledged, and starts again at once on the same data', async () => {
    const killed = await start('killed');
    const parts = partsOf(killed);
    const admin = kafkaOf(killed).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'log', numPartitions: 1 }] });
    await admin.disconnect();
    await publish(killed, ['a', 'b', 'c']);

    const ask = asking(killed.clickhouseUrl, 'kaquan');
    await ask({}, 'CREATE TABLE default.t (a UInt32) ENGINE = MergeTree ORDER BY a');
    let acknowledged = 0;
    const inserting = (async () => {
      for (;;) {
        const block = Array.from({ length: 1_000 }, () => `${acknowledged}\n`).join('');
        const { status } = await ask({ query: 'INSERT INTO default.t FORMAT TSV' }, block);
        if (status === 200) acknowledged++;
      }
    })();
    await until(() => Promise.resolve(acknowledged >= 20 ? true : undefined), 60_000);
    killed.child.kill('SIGKILL');
    await expect(inserting).rejects.toThrow();

    const again = await start('killed');
    expect(parts.filter(isAlive)).toEqual([]);
    const query = `SELECT countIf(rows = 1000), count() - ${acknowledged} IN (0, 1)
      FROM (SELECT a, count() AS rows FROM default.t GROUP BY a) FORMAT TSV`;
    const { text } = await asking(again.clickhouseUrl, 'kaquan')({}, query);
    // The block in flight is there as a whole or not at all.
    expect([`${acknowledged}\t1\n`, `${acknowledged + 1}\t1\n`]).toContain(text);
    expect(await endOfLog(again)).toEqual(['3']);
    await publish(again, ['d']);
    expect(await endOfLog(again)).toEqual(['4']);
  }, 180_000);
});

describe('a stack that serves', () => {
  let stack: TestStack;
  beforeAll(async () => {
    stack = await startTestStack({ data: join(folder, 'serving') });
  }, 180_000);
  afterAll(() => stack.stop(), 180_000);

  it('does not let another one use its data', async () => {
    const pid = stack.child.pid ?? 0;
    await expect(start('serving')).rejects.toThrow(
      new RegExp(`code 1: kaquan: the data folder .*serving is in use by process ${pid}: stop that one`),
    );
    expect((await fetch(`${stack.clickhouseUrl}/ping`)).status).toBe(200);
  }, 180_000);

  it('makes topics only when asked to', async () => {
    const consumer = kafkaOf(stack).consumer({ groupId: 'g' });
    await consumer.connect();
    await expect(consumer.subscribe({ topic: 'nosuch' }).then(() => consumer.run({}))).rejects.toThrow(
      /topic/,
    );
    await consumer.disconnect();
  });

  it('ends with a sentence when Kafka ends, and leaves nothing behind', async () => {
    const parts = partsOf(stack);
    const java = parts.find((pid) => commandOf(pid).startsWith('java'));
    const exit = exitOf(stack);
    process.kill(java ?? 0, 'SIGKILL');
    expect(await exit).toBe(1);
    expect(stack.said()).toMatch(/kaquan: Kafka has ended/);
    await allGone(parts);
    expect(existsSync(join(stack.data, 'stack.lock'))).toBe(false);
  }, 180_000);
});

describe('a ClickHouse whose disk refuses a write', () => {
  it('says so instead of taking it for made, and starts again', async () => {
    const stack = await start('refused');
    const parts = partsOf(stack);
    const ask = asking(stack.clickhouseUrl, 'kaquan');
    await ask({}, 'CREATE TABLE default.t (a UInt32) ENGINE = MergeTree ORDER BY a');
    await ask({ query: 'INSERT INTO default.t FORMAT TSV' }, '1\n2\n');
    const insert = `INSERT INTO FUNCTION file('/dev/full', 'TSV') SELECT 1`;
    const refused = await ask({}, insert).catch(() => undefined);
    expect(refused?.status).not.toBe(200);
    const rows = await until(async () => {
      const answer = await ask({}, 'SELECT count() FROM default.t FORMAT TSV').catch(() => undefined);
      return answer?.status === 200 ? answer.text : undefined;
    }, 60_000);
    expect(rows).toBe('2\n');
    expect(stack.said()).toMatch(/ClickHouse could not write to its disk, and starts again/);
    const all = partsOf(stack);
    expect(all).toHaveLength(parts.length + 1);
    const exit = exitOf(stack);
    stack.child.kill('SIGINT');
    expect(await exit).toBe(0);
    await allGone(all);
  }, 180_000);
});

describe('a stack that is told to end', () => {
  it('does so in order while it serves', async () => {
    const stack = await start('told');
    const parts = partsOf(stack);
    const exit = exitOf(stack);
    stack.child.kill('SIGINT');
    expect(await exit).toBe(0);
    await allGone(parts);
    expect(existsSync(join(stack.data, 'stack.lock'))).toBe(false);
  }, 180_000);

  it('does so while it starts', async () => {
    const child = childOf({ data: join(folder, 'early') });
    const lock = join(folder, 'early', 'stack.lock');
    await until(
      () =>
        Promise.resolve(
          existsSync(lock) && readFileSync(lock, 'utf8').includes('"parts":[{') ? true : undefined,
        ),
      20_000,
    );
    const { parts } = JSON.parse(readFileSync(lock, 'utf8')) as Lock;
    const exit = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    await allGone(parts.map(({ pid }) => pid));
    expect(existsSync(lock)).toBe(false);
  }, 180_000);
});

describe('a stack that cannot start says why', () => {
  let taken: Server;
  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(() => {
    taken.close();
  });
  const address = () => `127.0.0.1:${(taken.address() as AddressInfo).port}`;

  it.each([
    ['KAFKA_BROKERS', (place: string) => place],
    ['CLICKHOUSE_URL', (place: string) => `http://${place}`],
  ])('%s taken', async (setting, value) => {
    await expect(start('refused', { [setting]: value(address()) })).rejects.toThrow(
      `kaquan: ${address()} (${setting}) is taken by another process`,
    );
    expect(existsSync(join(folder, 'refused', 'stack.lock'))).toBe(false);
  });

  it('not an address of this machine, not one address', async () => {
    await expect(start('refused', { KAFKA_BROKERS: '192.0.2.1:9092' })).rejects.toThrow(
      'not an address of this machine',
    );
    await expect(start('refused', { KAFKA_BROKERS: 'a:1,b:2' })).rejects.toThrow('one host:port');
  });

  it('Java missing, Java too old', async () => {
    await expect(start('refused', { JAVA_HOME: join(folder, 'nowhere') })).rejects.toThrow(
      /Java is missing \(.*nowhere\/bin\/java\)\. Kafka needs Java 17 or newer\. Install it/,
    );
    const java = join(folder, 'old', 'bin', 'java');
    mkdirSync(join(folder, 'old', 'bin'), { recursive: true });
    writeFileSync(java, '#!/bin/sh\necho \'openjdk version "11.0.2" 2019-01-15\' >&2\n');
    chmodSync(java, 0o755);
    await expect(start('refused', { JAVA_HOME: join(folder, 'old') })).rejects.toThrow('Java 11 is too old');
  });

  it('Maven missing, Kafka not to be had', async () => {
    const pom = fileURLToPath(new URL('../../pom.xml', import.meta.url));
    const options = { pom, cache: join(folder, 'cache'), onFetch: () => undefined };
    await expect(kafkaJars({ ...options, env: { PATH: folder } })).rejects.toThrow(
      /Maven \(mvn\) is missing.*Install it/,
    );
    const wrong = join(folder, 'pom.xml');
    writeFileSync(
      wrong,
      readFileSync(pom, 'utf8').replace('</dependencies>', '<dependency/></dependencies>'),
    );
    await expect(kafkaJars({ ...options, pom: wrong, env: process.env })).rejects.toThrow(
      'Maven could not fetch Kafka',
    );
  }, 180_000);
});
