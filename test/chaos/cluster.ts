import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { claimPort } from '../../runtime/embedded/address.ts';
import { checkJava, javaCommand } from '../../runtime/embedded/kafka/java.ts';
import { kafkaJars } from '../../runtime/embedded/kafka/jars.ts';
import {
  classArchive,
  newClusterId,
  startKafka,
  type KafkaStart,
} from '../../runtime/embedded/kafka/node.ts';
import type { Part } from '../../runtime/embedded/part.ts';
import type { TcpProxy } from '../../runtime/faults/tcp-proxy.ts';

/** One node of a Kafka cluster, which can be away for a while. */
export interface Node {
  readonly id: number;
  /** @returns once the process is gone */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same data and the same port. @returns once it serves */
  start(): Promise<void>;
}

export interface TestCluster {
  /** host:port of all nodes, comma-separated. */
  readonly brokers: string;
  readonly nodes: readonly Node[];
  /** Ends it, and removes its data. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const HEAP_MB = 256;

/**
 * Starts `count` nodes of Kafka, each broker and controller.
 * @param proxy through which the first one can be reached too
 */
export async function startCluster(count: number, proxy?: TcpProxy): Promise<TestCluster> {
  const data = mkdtempSync(join(tmpdir(), 'kaquan-cluster-'));
  const starts = await startsOf(count, data);
  const [first] = starts;
  if (proxy !== undefined && first !== undefined) {
    const listen = { host: HOST, port: await freePort() };
    proxy.target(listen);
    starts[0] = { ...first, extraListeners: [{ listen, advertised: proxy.address }] };
  }
  const nodes = starts.map((start, i) => new KafkaNode(i + 1, start));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    rmSync(data, { recursive: true, force: true });
  };
  try {
    // None serves before most of them are there.
    await Promise.all(nodes.map((node) => node.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers: starts.map(({ port }) => `${HOST}:${port}`).join(','), nodes, stop };
}

const freePort = (): Promise<number> => claimPort({ host: HOST, port: 0 }, 'a test');

async function startsOf(count: number, data: string): Promise<KafkaStart[]> {
  const jars = await kafkaJars({
    pom: fileURLToPath(new URL('../../pom.xml', import.meta.url)),
    cache: fileURLToPath(new URL('../../node_modules/.cache/kaquan', import.meta.url)),
    env: process.env,
    onFetch: () => undefined,
  });
  const java = javaCommand(process.env['JAVA_HOME']);
  const archive = classArchive(jars, await checkJava(java, process.env));
  const controllerPorts = await Promise.all(Array.from({ length: count }, freePort));
  const clusterId = newClusterId();
  return Promise.all(
    controllerPorts.map(async (controllerPort, i) => ({
      java,
      jars,
      archive,
      folder: join(data, `node-${i + 1}`),
      host: HOST,
      port: await freePort(),
      controllerPort,
      extraListeners: [],
      member: { clusterId, nodeId: i + 1, controllerPorts },
      heap: HEAP_MB,
    })),
  );
}

class KafkaNode implements Node {
  readonly id: number;
  readonly #options: KafkaStart;
  #part: Part | undefined;

  constructor(id: number, options: KafkaStart) {
    this.id = id;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#part = await startKafka(this.#options, process.env);
    await this.#part.ready;
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const part = this.#part;
    if (part === undefined) throw new Error(`node ${this.id} is not there`);
    // The second one is Kafka; the first one watches it, and ends with it.
    const [, pid] = part.pids();
    if (pid === undefined) throw new Error(`node ${this.id} has no process`);
    process.kill(pid, signal);
    await part.ended;
    this.#part = undefined;
  }

  async stop(): Promise<void> {
    await this.#part?.stop();
  }
}
