import { pino, type Logger } from 'pino';

import { ORDERS_POINTS } from '../consumers/orders/crash-points.ts';
import { ordersSettings } from '../consumers/orders/config.ts';
import { startOrders } from '../consumers/orders/main.ts';
import { REPORT_POINTS } from '../consumers/report/crash-points.ts';
import { reportSettings } from '../consumers/report/config.ts';
import { startReport } from '../consumers/report/main.ts';
import { caughtUp } from '../runtime/kafka/caught-up.ts';
import { armCrashPoint } from '../runtime/process/crash-points.ts';
import { collectRarely } from '../runtime/process/garbage.ts';
import type { Worker } from '../runtime/process/restable.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { startHoldable } from '../sql/holdable.ts';
import { connectClickHouse, connectKafka } from './connections.ts';
import { EXIT, sentenceOf } from './failure.ts';
import type { Io } from './io.ts';
import { commandSettings } from './settings.ts';

export interface ConsumeOptions {
  /** Stop at the ends that the log had at the start. */
  readonly untilCaughtUp: boolean;
  /** Go on behind what retention removed, and record it as skipped. */
  readonly acceptGap?: boolean;
}

interface Around {
  readonly logger: Logger;
  readonly now: () => number;
  readonly acceptGap: boolean;
  readonly onFatal: (error: Error) => void;
}

// Leaves two of the ten seconds of a polite stop to leaving the group.
const DRAIN_MS = 8000;

/** Runs one consumer of the group `orders` until it is told to stop. @returns the exit code */
export async function consumeOrders(options: ConsumeOptions, env: Io['env']): Promise<number> {
  const config = parseSettings(ordersSettings, env);
  armCrash(env, ORDERS_POINTS);
  return consume(ORDERS_GROUP, options, env, (around) =>
    startOrders({
      ...around,
      config,
      onCommitted: ({ records, deadLetters }) => {
        around.logger.debug({ records, dead_letters: deadLetters.length }, 'committed');
      },
    }),
  );
}

/** Runs one consumer of the group `report` until it is told to stop. @returns the exit code */
export async function consumeReport(options: ConsumeOptions, env: Io['env']): Promise<number> {
  collectRarely();
  const config = parseSettings(reportSettings, env);
  armCrash(env, REPORT_POINTS);
  return consume(REPORT_GROUP, options, env, (around) =>
    startReport({ ...around, config, random: Math.random }),
  );
}

async function consume(
  group: string,
  { untilCaughtUp, acceptGap = false }: ConsumeOptions,
  env: Io['env'],
  start: (around: Around) => Promise<Worker>,
): Promise<number> {
  const logger = pino(
    { level: env['LOG_LEVEL'] || 'info', base: { group } },
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
  const clickhouse = connectClickHouse(env);
  const consumer = await startHoldable({
    clickhouse,
    group,
    start: (onEnd) => start({ logger, now: Date.now, acceptGap, onFatal: onEnd }),
    logger,
    onFatal,
    signal: stopping.signal,
  });
  logger.info('ready');
  if (untilCaughtUp) await commitsCaughtUp(group, env, stopping.signal);
  else await aborted(stopping.signal);
  await consumer.stop(failure === undefined ? DRAIN_MS : 0);
  await clickhouse.close();
  if (failure === undefined) return EXIT.done;
  logger.fatal({ alarm: true }, `stopped: ${sentenceOf(failure, env)}`);
  return EXIT.failed;
}

function armCrash(env: Io['env'], points: readonly string[]): void {
  const { CRASH_AT } = parseSettings(commandSettings, env);
  if (CRASH_AT !== undefined) armCrashPoint(CRASH_AT, points);
}

/** Resolves when the group's commits reach the ends that the partitions had when this was called. */
async function commitsCaughtUp(group: string, env: Io['env'], signal: AbortSignal): Promise<void> {
  const admin = await connectKafka(env);
  await caughtUp(admin, group, TOPIC, signal).finally(() => admin.close());
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
