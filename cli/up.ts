import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { ordersSettings } from '../consumers/orders/config.ts';
import { collectorSettings } from '../producers/collector/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { receiverSettings } from '../services/report-receiver/config.ts';
import { deadLetterTopic, ORDERS_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { marketingSettings } from '../services/marketing/config.ts';
import { connectKafka } from './connections.ts';
import { CommandError, EXIT } from './failure.ts';
import { migrateAll } from './migrate.ts';
import type { Io } from './io.ts';
import { pendingBacklog, recordBacklog } from './up/backlog.ts';
import { board, line, type Surroundings } from './up/board.ts';
import { applyExample, canSign, ownSettings, writeExampleOrders, writeQuestion } from './up/check-out.ts';
import { Machine } from './up/machine.ts';
import { claimPlaces } from './up/places.ts';
import { startReporting } from './up/reporting.ts';
import { openScreen, type Screen } from './up/screen.ts';
import { startWatch, type Watch } from './up/watch.ts';

export interface UpOptions {
  readonly data: string;
  /** Events per second of the simulated merchant; 0: none. */
  readonly rate: number;
  /** Orders of the simulated history; 0: none. */
  readonly backlog: number;
}

// The longest of the others, and then the stack. It gives Kafka seven seconds to end: were it cut short, Kafka would outlive it.
const GRACE = {
  stack: 10_000,
  orders: 3500,
  report: 3500,
  receiver: 3500,
  collector: 3500,
  marketing: 3500,
  simulator: 1500,
} as const;

/** Where the check-out keeps its keys, below the data folder. */
const checkOutFolder = ({ data }: UpOptions): string => join(data, 'check-out');

/** `kaquan up`, until a signal. A second signal does not wait. */
export async function up(options: UpOptions, io: Io): Promise<number> {
  mkdirSync(options.data, { recursive: true });
  const screen = openScreen(io.stdout);
  const logs = join(options.data, 'logs');
  const { COLLECTOR_LISTEN, MARKETING_LISTEN, RECEIVER_LISTEN } = parseSettings(
    { ...collectorSettings, ...marketingSettings, ...receiverSettings },
    io.env,
  );
  const places = await claimPlaces({ COLLECTOR_LISTEN, MARKETING_LISTEN, RECEIVER_LISTEN });
  const env = { ...io.env, ...ownSettings(checkOutFolder(options), io.env), ...places };
  const machine = new Machine({ logs, env, say: (sentence) => screen.say(sentence) });
  const stopping = signals(machine, screen);
  const merchant = { doing: 'not yet there' };
  let stopWatch: (() => Promise<void>) | undefined;
  try {
    await Promise.race([stopping, start(machine, options, screen)]);
    if (!stopping.requested()) {
      stopWatch = showFigures(machine, screen, merchant, logs);
      await Promise.race([stopping, simulate(machine, options, merchant).then(() => stopping)]);
    }
    return EXIT.done;
  } catch (error) {
    if (stopping.requested()) return EXIT.done;
    throw error;
  } finally {
    await stopWatch?.();
    screen.close();
    await machine.stop();
    screen.say('Stopped; nothing is left running.');
  }
}

async function start(machine: Machine, options: UpOptions, screen: Screen): Promise<void> {
  const { data } = options;
  screen.say(`Starting Kafka and ClickHouse; their data is in ${data} …`);
  await machine.stack(data, GRACE.stack);
  screen.say(
    `Kafka at ${machine.env['KAFKA_BROKERS'] ?? ''}, ClickHouse at ${machine.env['CLICKHOUSE_URL'] ?? ''}`,
  );
  screen.say('Making topics and tables …');
  await migrateAll(machine.env, (sentence) => screen.say(sentence));
  screen.say('Starting the consumer group orders …');
  machine.keep('orders', ['consume', 'orders'], GRACE.orders);
  const receiver = await startReporting(machine, data, GRACE);
  screen.say(
    `Every event is also reported to ${receiver}, a receiver on this machine; it keeps receipts.ndjson.`,
  );
  const collector = await machine.serve('collector', GRACE.collector);
  screen.say(`The collector takes reports at ${collector}/api/report?token=any`);
  await applyExample(machine.env);
  const marketing = await machine.serve('marketing', GRACE.marketing);
  screen.say(askingText(marketing, machine.env, checkOutFolder(options)));
}

function askingText(url: string, env: Io['env'], folder: string): string {
  const { MARKETING_PATH } = parseSettings(marketingSettings, env);
  const place = `${url}${MARKETING_PATH}`;
  if (!canSign(folder, env)) return `The check-out answers at ${place}`;
  const { command, file } = writeQuestion(folder, place);
  return `The check-out answers at ${place}; to ask it, signed: sh ${file}\n${command}`;
}

interface Merchant {
  doing: string;
}

async function simulate(machine: Machine, options: UpOptions, merchant: Merchant): Promise<void> {
  const { data, rate, backlog: orders } = options;
  const file = join(data, 'backlog.json');
  const backlog = pendingBacklog(file, await eventCount(machine), new Date());
  if (backlog !== undefined && orders > 0) {
    merchant.doing = 'publishing two weeks of history';
    recordBacklog(file, backlog);
    const coffee = writeExampleOrders(checkOutFolder(options), backlog.until);
    await machine.once('coffee-shop', ['produce', 'file', coffee], GRACE.simulator);
    const past = ['--orders', String(orders), '--seed', backlog.seed, '--until', backlog.until];
    const ended = await machine.once('backlog', ['produce', 'simulate', ...past], GRACE.simulator);
    if (ended.code !== 0)
      throw new CommandError('the simulated history could not be published: see the logs');
    recordBacklog(file, { ...backlog, done: true });
  }
  if (rate === 0) {
    merchant.doing = 'silent';
    return;
  }
  merchant.doing = `${rate} events/s`;
  // The order ids of what goes on are made from the moment of its start: no seed is needed to tell them apart.
  const live = ['produce', 'simulate', '--orders', '0', '--rate', String(rate)];
  machine.keep('simulator', live, GRACE.simulator);
}

async function eventCount(machine: Machine): Promise<number> {
  const admin = await connectKafka(machine.env);
  try {
    return [...(await admin.offsets(TOPIC)).values()].reduce((sum, { end }) => sum + end, 0);
  } finally {
    await admin.close();
  }
}

function showFigures(
  machine: Machine,
  screen: Screen,
  merchant: Merchant,
  logs: string,
): () => Promise<void> {
  const { env } = machine;
  const settings = parseSettings(ordersSettings, env);
  const watch: Watch = startWatch({ env, group: ORDERS_GROUP, topic: TOPIC });
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: settings.TIME_ZONE, timeStyle: 'medium' });
  const around = (): Surroundings => ({
    time: clock.format(new Date()),
    timeZone: settings.TIME_ZONE,
    clickhouseUrl: settings.CLICKHOUSE_URL,
    analyst: settings.CLICKHOUSE_ANALYST_USER,
    dlq: deadLetterTopic(ORDERS_GROUP),
    logs,
  });
  const show = (): void => {
    const figures = { ...watch.figures(), merchant: merchant.doing };
    screen.show(
      () => board(figures, around()),
      () => line(figures),
    );
  };
  show();
  const timer = setInterval(show, 1000);
  return async () => {
    clearInterval(timer);
    await watch.stop();
  };
}

interface Stopping extends Promise<void> {
  requested(): boolean;
}

/** Resolves at the first signal; the second one ends everything at once. */
function signals(machine: Machine, screen: Screen): Stopping {
  let count = 0;
  const first = new Promise<void>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        count += 1;
        if (count === 1) {
          screen.say(
            'Stopping: the merchant, the services, the consumer, then Kafka and ClickHouse. Ctrl-C again does not wait.',
          );
          resolve();
        } else {
          machine.kill();
          screen.close();
          process.exit(EXIT.failed);
        }
      });
    }
  });
  return Object.assign(first, { requested: () => count > 0 });
}
