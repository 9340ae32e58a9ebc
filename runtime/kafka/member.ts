import { hostname } from 'node:os';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';

import type { Address } from '../http/address.ts';
import { createRegistry } from '../metrics/metrics.ts';
import { Waits } from '../process/waits.ts';
import { createAdmin, type KafkaAdmin } from './admin.ts';
import { createKafka } from './client.ts';
import { heartbeatMs } from './group.ts';
import type { MemberAddress } from './member-address.ts';
import type { MemberMetrics } from './member-metrics.ts';
import { startMemberService } from './member-service.ts';
import { MemberWatch } from './member-watch.ts';

export interface MemberOptions {
  readonly group: string;
  /** Names this process to the brokers. */
  readonly clientId: string;
  readonly config: {
    readonly KAFKA_BROKERS: readonly string[];
    readonly KAFKA_SESSION_TIMEOUT_MS: number;
    readonly LIVENESS_SECONDS: number;
  };
  /** undefined: it serves nothing. */
  readonly listen: Address | undefined;
  /** The setting that says where it listens. */
  readonly setting: string;
  readonly registry: Registry;
  readonly metrics: MemberMetrics;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
}

/** A process that is about to join a group, and can be asked how it is from now on. */
export interface Member {
  readonly kafka: Kafka;
  readonly admin: KafkaAdmin;
  readonly waits: Waits;
  readonly watch: MemberWatch;
  /** What it tells the group about itself. */
  readonly address: MemberAddress;
  /** Looks at the log's ends now and then, so that it knows how far it is behind also when nothing is fetched. */
  follow(topic: string): void;
  /** Ends the service and the connection. */
  close(): Promise<void>;
}

const STOP_MS = 1000;

/** Of a process that serves none, metrics are kept, but not those of the process. */
export const memberRegistry = (listen: Address | undefined): Registry =>
  listen === undefined ? new Registry() : createRegistry();

/** Connects to the brokers. @throws {OperatorError} if nothing can listen there, naming the address and the setting */
export async function openMember(options: MemberOptions): Promise<Member> {
  const { group, config, listen, registry, metrics, logger, now } = options;
  const brokers = config.KAFKA_BROKERS;
  const onChange = (on: string, since: number | undefined): void => {
    if (since === undefined) metrics.waitingSince.remove({ on });
    else metrics.waitingSince.set({ on }, since / 1000);
  };
  const waits = new Waits({ logger, now, onChange });
  const beat = heartbeatMs(config.KAFKA_SESSION_TIMEOUT_MS);
  const watch = new MemberWatch({ waits, metrics, now, brokers, heartbeatMs: beat });
  const limitMs = config.LIVENESS_SECONDS * 1000;
  const service =
    listen &&
    (await startMemberService({ ...options, listen, group, watch, waits, metrics: registry, limitMs }));
  if (service !== undefined)
    logger.info({ url: service.url }, 'serves /livez, /readyz, /metrics and /member');
  const kafka = createKafka({ brokers, clientId: options.clientId, logger, told: watch });
  const close = async (admin?: KafkaAdmin): Promise<void> => {
    watch.stops();
    await Promise.allSettled([admin?.close(), service?.stop(STOP_MS)]);
  };
  const admin = await createAdmin(kafka).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  watch.answered();
  return {
    kafka,
    admin,
    waits,
    watch,
    address: { host: hostname(), pid: process.pid, ...(service && { url: service.url }) },
    follow(topic) {
      if (service !== undefined) watch.follow(() => admin.offsets(topic));
    },
    close: () => close(admin),
  };
}
