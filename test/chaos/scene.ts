import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { TcpProxy } from '../../runtime/faults/tcp-proxy.ts';
import { done, endConsumers, storeOf } from '../e2e/kaquan.ts';
import { startTestClickHouse } from './clickhouse.ts';
import { startCluster, type TestCluster } from './cluster.ts';
import { AGELESS, startTestStack, type TestStack, type TestStackOptions } from '../stack.ts';

/** Where a scenario plays: a migrated stack. */
export interface Scene {
  readonly brokers: string;
  readonly clickhouse: ClickHouse;
  /** Of every process that takes part. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stack: TestStack;
  stop(): Promise<void>;
}

/** @param env settings that all processes of the scenario share */
export async function startScene(
  env: Readonly<Record<string, string>> = {},
  options: Omit<TestStackOptions, 'env'> = {},
): Promise<Scene> {
  const stack = await startTestStack({ ...options, env });
  const clickhouse = storeOf(stack);
  const stop = async (): Promise<void> => {
    endConsumers();
    await clickhouse.close();
    await stack.stop();
  };
  try {
    await done(['migrate'], stack.env);
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers: stack.brokers, clickhouse, env: stack.env, stack, stop };
}

/** A scene of which Kafka is a cluster, whose nodes can be away. */
export interface ClusterScene extends Omit<Scene, 'stack'> {
  readonly cluster: TestCluster;
}

/**
 * @param env settings that all processes of the scenario share
 * @param proxy through which the first node can be reached too
 */
export async function startClusterScene(
  nodes: number,
  env: Readonly<Record<string, string>> = {},
  proxy?: TcpProxy,
): Promise<ClusterScene> {
  const [cluster, store] = await Promise.all([startCluster(nodes, proxy), startTestClickHouse()]);
  const clickhouse = storeOf({ clickhouseUrl: store.url });
  const stop = async (): Promise<void> => {
    endConsumers();
    await clickhouse.close();
    await Promise.all([cluster.stop(), store.stop()]);
  };
  const { brokers } = cluster;
  const all = { ...process.env, ...AGELESS, ...env, KAFKA_BROKERS: brokers, CLICKHOUSE_URL: store.url };
  try {
    await done(['migrate'], all);
  } catch (error) {
    await stop();
    throw error;
  }
  return { brokers, clickhouse, env: all, cluster, stop };
}
