import { startClickHouseProxy, type ClickHouseProxy } from '../../runtime/faults/clickhouse-proxy.ts';
import { startTcpProxy, type TcpProxy } from '../../runtime/faults/tcp-proxy.ts';
import { claimPort } from '../../runtime/embedded/address.ts';
import type { Address } from '../../runtime/http/address.ts';
import { createRandom } from '../../runtime/process/random.ts';

type Env = Readonly<Record<string, string>>;

/** A proxy between every two parts of kaquan. */
export interface Network {
  /** Settings of the stack that is started behind it. */
  readonly stack: Env;
  /** Settings of the consumers. */
  readonly consumers: Env;
  /** Settings of the producers. */
  readonly producers: Env;
  /** consumers ↔ Kafka */
  readonly kafka: TcpProxy;
  /** producers ↔ Kafka */
  readonly producersKafka: TcpProxy;
  /** consumers ↔ ClickHouse: the connections, and then the requests */
  readonly clickhouse: TcpProxy;
  readonly requests: ClickHouseProxy;
  /** sink ↔ report API */
  readonly api: TcpProxy;
  /** The stack serves there. */
  connect(clickhouseUrl: string): void;
  /** The report API is there. @returns its URL for the sink */
  connectApi(url: string): string;
  stop(): Promise<void>;
}

/** Starts the proxies before the parts that they stand between: Kafka tells its clients their address. */
export async function startNetwork(seed: string): Promise<Network> {
  const random = (name: string) => createRandom(seed, `network/${name}`);
  const requests = await startClickHouseProxy({ random: random('requests') });
  const clickhouse = await startTcpProxy({ target: addressOf(requests.url), random: random('clickhouse') });
  const api = await startTcpProxy({ random: random('api') });
  const kafka = await startTcpProxy({ random: random('kafka') });
  const producersKafka = await startTcpProxy({ random: random('producers') });
  const listeners = [await listenerBehind(kafka), await listenerBehind(producersKafka)];
  const CLICKHOUSE_URL = `http://${text(clickhouse.address)}`;
  return {
    stack: { STACK_KAFKA_LISTENERS: listeners.join() },
    consumers: { KAFKA_BROKERS: text(kafka.address), CLICKHOUSE_URL },
    producers: { KAFKA_BROKERS: text(producersKafka.address), CLICKHOUSE_URL },
    kafka,
    producersKafka,
    clickhouse,
    requests,
    api,
    connect: (url) => requests.target(url),
    connectApi(url) {
      api.target(addressOf(url));
      return `http://${text(api.address)}`;
    },
    async stop() {
      await Promise.all([clickhouse, api, kafka, producersKafka].map((proxy) => proxy.stop()));
      await requests.stop();
    },
  };
}

/** Has a proxy stand before a free port for Kafka. @returns an entry of STACK_KAFKA_LISTENERS: there, told to clients as the proxy's */
export async function listenerBehind(proxy: Pick<TcpProxy, 'address' | 'target'>): Promise<string> {
  const host = '127.0.0.1';
  const listen = { host, port: await claimPort({ host, port: 0 }, 'Kafka') };
  proxy.target(listen);
  return `${text(listen)}=${text(proxy.address)}`;
}

const text = ({ host, port }: Address): string => `${host}:${port}`;

const addressOf = (url: string): Address => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port),
});
