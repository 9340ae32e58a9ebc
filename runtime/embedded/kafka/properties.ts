import type { ExtraListener } from '../settings.ts';

export interface KafkaPlace {
  readonly host: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataFolder: string;
  readonly extraListeners: readonly ExtraListener[];
  /** Absent: a node that is alone. */
  readonly member?: ClusterMember;
}

/** One of several nodes, all of which are broker and controller. */
export interface ClusterMember {
  /** From 1. */
  readonly nodeId: number;
  /** Of all nodes, in the order of their ids. */
  readonly controllerPorts: readonly number[];
}

/** server.properties of one node that is broker and controller. */
export function serverProperties({
  host,
  port,
  controllerPort,
  dataFolder,
  extraListeners,
  member = { nodeId: 1, controllerPorts: [controllerPort] },
}: KafkaPlace): string {
  const { nodeId, controllerPorts } = member;
  const replicas = String(Math.min(3, controllerPorts.length));
  const inSync = String(controllerPorts.length > 2 ? 2 : 1);
  // A client is told the address of the listener that it came by.
  const extra = extraListeners.map((listener, index) => ({ ...listener, name: `EXTRA${index}` }));
  const clients = [{ name: 'PLAINTEXT', listen: { host, port }, advertised: { host, port } }, ...extra];
  const at = (which: 'listen' | 'advertised') =>
    clients.map((client) => `${client.name}://${client[which].host}:${client[which].port}`).join(',');
  return lines({
    'process.roles': 'broker,controller',
    'node.id': String(nodeId),
    // A node that is alone has another port for its controller at each start: only itself uses it.
    'controller.quorum.voters': controllerPorts.map((at, i) => `${i + 1}@127.0.0.1:${at}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `${at('listen')},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': at('advertised'),
    'listener.security.protocol.map': ['CONTROLLER', ...clients.map(({ name }) => name)]
      .map((name) => `${name}:PLAINTEXT`)
      .join(','),
    'log.dirs': dataFolder,
    'auto.create.topics.enable': 'false',
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // A group has a member or two here, each with one commit at a time: no more come that one could wait for.
    'group.coordinator.append.linger.ms': '0',
    'num.network.threads': '2',
    'num.io.threads': '4',
    'num.recovery.threads.per.data.dir': '2',
    'log.cleaner.dedupe.buffer.size': '33554432',
    // Also from clients that send larger batches than the default of 1 MiB.
    'message.max.bytes': '10485760',
  });
}

/** log4j2: warnings to a file, and the one line on standard output that says that the node serves. */
export function log4jProperties(file: string): string {
  return lines({
    status: 'error',
    'appender.file.type': 'RollingFile',
    'appender.file.name': 'file',
    'appender.file.fileName': file,
    'appender.file.filePattern': `${file}.%i`,
    'appender.file.layout.type': 'PatternLayout',
    'appender.file.layout.pattern': '%d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1}: %m%n',
    'appender.file.policies.type': 'Policies',
    'appender.file.policies.size.type': 'SizeBasedTriggeringPolicy',
    'appender.file.policies.size.size': '10MB',
    'appender.file.strategy.type': 'DefaultRolloverStrategy',
    'appender.file.strategy.max': '2',
    'appender.out.type': 'Console',
    'appender.out.name': 'out',
    'appender.out.layout.type': 'PatternLayout',
    'appender.out.layout.pattern': '%m%n',
    'rootLogger.level': 'warn',
    'rootLogger.appenderRef.file.ref': 'file',
    'logger.started.name': 'kafka.server.KafkaRaftServer',
    'logger.started.level': 'info',
    'logger.started.appenderRef.out.ref': 'out',
  });
}

const lines = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
