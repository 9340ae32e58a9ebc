import { systemClock } from '../../producers/delivery/clock.ts';
import { publisherOptions } from '../../producers/producer-options.ts';
import { Publisher } from '../../producers/publisher.ts';
import { noCounts, recordsIn, type SimulationCounts } from '../../producers/simulator/counts.ts';
import { SimulationPublication } from '../../producers/simulator/publication.ts';
import { simulateBacklog, simulateLive } from '../../producers/simulator/simulation.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { onInterruption } from './interruption.ts';
import { createProgress, grouped, type Progress } from './progress.ts';
import { CONNECT_MS, endedEarly, publishing } from './publishing.ts';
import { asJson, asText } from './simulate-report.ts';

export interface SimulateOptions {
  /** How many orders the backlog has; 0: no backlog. */
  readonly orders: number;
  readonly seed: number | string;
  /** When the backlog's events end; default now. */
  readonly until?: Date;
  /** Go on in real time after the backlog, with so many events per second. */
  readonly rate?: number;
  /** How long it goes on, seconds; default: until it is interrupted. */
  readonly for?: number;
  /** Over how many days the backlog's orders are placed; default 14. */
  readonly days?: number;
  readonly duplicates: number;
  readonly late: number;
  readonly invalid: number;
  readonly json?: true;
}

/**
 * `kaquan produce simulate`: a backlog of a made-up merchant's orders, then, with a rate, what goes on.
 * @param now milliseconds since 1970
 * @returns 0, also if it was interrupted
 * @throws {CommandError} if Kafka does not take it
 */
export async function produceSimulate(options: SimulateOptions, io: Io, now = Date.now): Promise<number> {
  const startedAt = now();
  const until = options.until?.getTime() ?? startedAt;
  if (!isPlausible(until, options.days ?? DAYS, startedAt)) io.stderr.write(IMPLAUSIBLE);
  const counts = noCounts();
  const publisher = new Publisher(publisherOptions(publishing(io)));
  const { signal, release } = onInterruption();
  try {
    await publisher.open(CONNECT_MS);
    await publish(options, { publisher, counts, signal, now, until, io });
  } catch (error) {
    throw endedEarly(error, io.env, unfinished(counts));
  } finally {
    release();
    await publisher.close();
  }
  const seconds = (now() - startedAt) / 1000;
  const run = { seed: String(options.seed), until, seconds, interrupted: signal.aborted };
  io.stdout.write(options.json ? asJson(counts, run) : asText(counts, run));
  return EXIT.done;
}

const DAYS = 14;
const DAY = 86_400_000;

const IMPLAUSIBLE =
  'kaquan: consumers accept times from 400 days ago until tomorrow; events outside become dead letters.\n';

const isPlausible = (until: number, days: number, now: number): boolean =>
  until - days * DAY > now - 400 * DAY && until < now + DAY;

const unfinished = (counts: SimulationCounts): string =>
  recordsIn(counts) === 0 ? 'Nothing was published.' : 'Not all that was simulated is published.';

interface Means {
  readonly publisher: Publisher;
  readonly counts: SimulationCounts;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly until: number;
  readonly io: Io;
}

async function publish(options: SimulateOptions, means: Means): Promise<void> {
  const { publisher, counts, signal, io } = means;
  const progress = createProgress(io.stderr, options.rate === undefined ? options.orders : undefined);
  const publication = new SimulationPublication(publisher, counts, () => show(progress, counts));
  try {
    await publication.backlog(backlogOf(options, means), signal);
    if (options.rate !== undefined) await goOn(publication, { ...options, rate: options.rate }, means);
    await publication.flush();
  } finally {
    progress.stop();
  }
}

const show = (progress: Progress, counts: SimulationCounts): void =>
  progress.show(counts.orders, `${grouped(recordsIn(counts))} records of ${grouped(counts.orders)} orders`);

const modelOf = ({ seed, duplicates, late, invalid }: SimulateOptions) => ({
  seed: String(seed),
  duplicates,
  late,
  invalid,
});

const counting = (counts: SimulationCounts) => (): void => {
  counts.orders += 1;
};

function backlogOf(options: SimulateOptions, { counts, until }: Means) {
  const { orders, days = DAYS } = options;
  return simulateBacklog({ ...modelOf(options), orders, days, until }, counting(counts));
}

async function goOn(
  publication: SimulationPublication,
  options: SimulateOptions & { readonly rate: number },
  { now, counts, signal }: Means,
): Promise<void> {
  const live = simulateLive({ ...modelOf(options), from: now() }, counting(counts));
  const pace = { rate: options.rate, seconds: options.for, clock: { now, wait: systemClock.wait } };
  await publication.live(live, pace, signal);
}
