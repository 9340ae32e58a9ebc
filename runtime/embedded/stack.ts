import { join, resolve } from 'node:path';

import { addressOf, claimPort } from './address.ts';
import type { Users } from './clickhouse/access.ts';
import { startFront } from './clickhouse/process.ts';
import type { RegisteredSchema } from './clickhouse/schema-api.ts';
import { lockData } from './data-lock.ts';
import { checkJava, javaCommand } from './kafka/java.ts';
import { kafkaJars } from './kafka/jars.ts';
import { classArchive, startKafka } from './kafka/node.ts';
import type { Part } from './part.ts';
import type { ExtraListener } from './settings.ts';

export interface StackOptions {
  readonly dataDir: string;
  /** host:port where Kafka listens; port 0 chooses a free one. */
  readonly brokers: string;
  /** Where Kafka listens too. */
  readonly extraListeners?: readonly ExtraListener[];
  /** http://host:port where ClickHouse and the schema API listen; port 0 chooses a free one. */
  readonly clickhouseUrl: string;
  readonly users: Users;
  /** The database that the analyst sees. */
  readonly analystDatabase: string;
  readonly schemas: readonly RegisteredSchema[];
  /** The pom.xml that names Kafka, and the folder that its jars are kept in. */
  readonly pom: string;
  readonly cache: string;
  /** Of the child processes; JAVA_HOME says which Java. */
  readonly env: NodeJS.ProcessEnv;
  /** A sentence for a person who waits. */
  readonly onProgress: (sentence: string) => void;
  /** Gives up starting, and stops what has started. */
  readonly signal?: AbortSignal;
}

export interface Stack {
  readonly brokers: string;
  readonly clickhouseUrl: string;
  /** Resolves with a sentence when a part has ended by itself; never rejects. */
  readonly failed: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts Kafka and ClickHouse on one data folder; resolves when both serve. Both end with this process, however it ends.
 * @throws {Error} a sentence that says what is in the way: the folder in use, a port taken, Java or Maven missing
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const kafkaAt = addressOf(options.brokers, 'KAFKA_BROKERS');
  const frontAt = addressOf(options.clickhouseUrl, 'CLICKHOUSE_URL');
  const java = javaCommand(options.env['JAVA_HOME']);
  const version = await checkJava(java, options.env);
  const onFetch = () => options.onProgress('fetching Apache Kafka from Maven Central, this once …');
  const jars = await kafkaJars({ ...options, onFetch });
  options.signal?.throwIfAborted();
  const lock = await lockData(options.dataDir, options.signal);
  const parts: Part[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(parts.map((part) => part.stop()));
    lock.release();
  };
  const record = (part: Part): void => {
    for (const pid of part.pids()) lock.addPart(pid);
  };
  const serving = async (part: Part): Promise<void> => {
    parts.push(part);
    record(part);
    await unless(options.signal, part.ready);
    record(part);
  };
  try {
    const port = await claimPort(kafkaAt, 'KAFKA_BROKERS');
    const frontPort = await claimPort(frontAt, 'CLICKHOUSE_URL');
    const controllerPort = await claimPort({ host: '127.0.0.1', port: 0 }, 'the controller');
    const folder = (name: string) => join(resolve(options.dataDir), name);
    const { users, schemas, analystDatabase: readable, env } = options;
    const kafka = {
      java,
      jars,
      archive: classArchive(jars, version),
      folder: folder('kafka'),
      host: kafkaAt.host,
      port,
      controllerPort,
      extraListeners: options.extraListeners ?? [],
    };
    const front = {
      folder: folder('clickhouse'),
      host: frontAt.host,
      port: frontPort,
      users,
      readable,
      schemas,
    };
    const frontPart = startFront(front, env, (pid) => lock.addPart(pid));
    await together([startKafka(kafka, env).then(serving), serving(frontPart)]);
    return {
      brokers: `${kafkaAt.host}:${port}`,
      clickhouseUrl: `http://${frontAt.host}:${frontPort}`,
      failed: Promise.race(parts.map((part) => part.ended)),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for all of them, also when one fails: what they started must be known before it is stopped. */
async function together(all: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason;
}

async function unless(signal: AbortSignal | undefined, work: Promise<void>): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}
