import { DeliveryError, type CouponOrderProducerOptions } from '../../producers/index.ts';
import { producerSettings } from '../../producers/settings.ts';
import { kafkaSettings } from '../../runtime/kafka/settings.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { commandLogger } from '../connections.ts';
import { CommandError, sentenceOf } from '../failure.ts';
import type { Io } from '../io.ts';

/** Somebody waits for the command: a Kafka that is not there is told of soon. Milliseconds. */
export const CONNECT_MS = 5000;

/** How a command publishes, by its environment. */
export function publishing({ env, stderr }: Pick<Io, 'env' | 'stderr'>): CouponOrderProducerOptions {
  const settings = parseSettings({ ...kafkaSettings, ...producerSettings }, env);
  return {
    brokers: settings.KAFKA_BROKERS,
    partitions: settings.KAFKA_PARTITIONS,
    clientId: 'kaquan-produce',
    schemaRegistryUrl: settings.SCHEMA_REGISTRY_URL,
    chanCustom: settings.CHAN_CUSTOM,
    deliveryTimeoutMs: settings.PRODUCE_DELIVERY_TIMEOUT_MS,
    lingerMs: settings.PRODUCE_LINGER_MS,
    queueBytes: settings.PRODUCE_QUEUE_BYTES,
    logger: commandLogger(env),
    onRetry: once((error) => stderr.write(`kaquan: trying again: ${sentenceOf(error, env)}\n`)),
  };
}

/** What to say when publishing ended early. @param consequence what became of what was to be published */
export function endedEarly(error: unknown, env: Io['env'], consequence: string): CommandError {
  if (!(error instanceof DeliveryError)) throw error;
  return new CommandError(`${sentenceOf(error, env).replace(/\.?$/, '.')} ${consequence}`);
}

function once(tell: (error: Error) => void): (error: Error) => void {
  let told = false;
  return (error) => {
    if (!told) tell(error);
    told = true;
  };
}
