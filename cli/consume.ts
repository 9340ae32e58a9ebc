import { pino } from 'pino';

import { ordersSettings } from '../consumers/orders/config.ts';
import { startOrders, type OrdersConsumer } from '../consumers/orders/main.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { EXIT, sentenceOf } from './failure.ts';
import type { Io } from './io.ts';

export interface ConsumeOptions {
  /** Stop at the ends that the log had at the start. */
  readonly untilCaughtUp: boolean;
  /** Go on behind what retention removed, and record it as skipped. */
  readonly acceptGap?: boolean;
}

// Leaves two of the ten seconds of a polite stop to leaving the group.
const DRAIN_MS = 8000;

/** Runs one consumer of the group `orders` until it is told to stop. @returns the exit code */
export async function consumeOrders(options: ConsumeOptions, env: Io['env']): Promise<number> {
  const config = parseSettings(ordersSettings, env);
  const logger = pino(
    { level: env['LOG_LEVEL'] || 'info', base: { group: config.ORDERS_GROUP } },
    pino.destination({ dest: 2, sync: true }),
  );
  const stopping = new AbortController();
  let failure: Error | undefined;
  const stop = (): void => {
    stopping.abort();
  };
  const onFatal = (error: Error): void => {
    failure ??= error;
    stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const consumer = await startOrders({
    config,
    logger,
    now: Date.now,
    onFatal,
    ...(options.acceptGap === true && { acceptGap: true }),
    onCommitted: ({ records, deadLetters }) => {
      logger.debug({ records, dead_letters: deadLetters.length }, 'committed');
    },
  });
  logger.info('ready');
  await finished(consumer, options, stopping.signal);
  await consumer.stop(failure === undefined ? DRAIN_MS : 0);
  if (failure === undefined) return EXIT.done;
  logger.fatal({ alarm: true }, `stopped: ${sentenceOf(failure, env)}`);
  return EXIT.failed;
}

async function finished(
  consumer: OrdersConsumer,
  { untilCaughtUp }: ConsumeOptions,
  signal: AbortSignal,
): Promise<void> {
  if (untilCaughtUp) {
    await consumer.caughtUp(signal);
    return;
  }
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
