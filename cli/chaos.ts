import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { reconnecting, type ReconnectingAdmin } from '../runtime/kafka/reconnecting.ts';
import { createRandom, type Random } from '../runtime/process/random.ts';
import { ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import type { Audit } from './audit/audit.ts';
import { FAULTS } from './chaos/faults.ts';
import { startMachine, type ChaosMachine } from './chaos/machine.ts';
import type { Member } from './chaos/member.ts';
import { isRight, type Verdict } from './chaos/oracle/verdict.ts';
import { chaosText, type ChaosRun } from './chaos/text.ts';
import { connectKafka } from './connections.ts';
import { CommandError, EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { onInterruption } from './produce/interruption.ts';

export interface ChaosOptions {
  readonly seed: string;
  /** How long faults happen. */
  readonly minutes: number;
  /** Events per second of the made-up merchant. */
  readonly rate: number;
}

interface Rig {
  readonly options: ChaosOptions;
  readonly machine: ChaosMachine;
  readonly kafka: ReconnectingAdmin;
  readonly say: (sentence: string) => void;
  readonly signal: AbortSignal;
}

const GROUPS = [ORDERS_GROUP, REPORT_GROUP];

/**
 * `kaquan chaos`: faults on a stack of its own, and then a proof that nothing was lost or counted twice.
 * @returns 0 when all is proven; 1 when it is not, or when it was interrupted
 */
export async function chaos(options: ChaosOptions, io: Io): Promise<number> {
  const { signal, release } = onInterruption();
  const say = (sentence: string): void => {
    io.stdout.write(`${new Date().toISOString().slice(11, 19)} seed ${options.seed}: ${sentence}\n`);
  };
  say('starting Kafka, ClickHouse, a receiver, three consumers and a merchant in a temporary folder …');
  const machine = await startMachine(options.seed, io);
  const kafka = reconnecting(() => connectKafka(machine.env));
  let isProven = false;
  try {
    const run = await survive({ options, machine, kafka, say, signal });
    if (run === undefined) {
      say('stopped before the end: nothing is proven');
      return EXIT.failed;
    }
    isProven = run.isProven;
    io.stdout.write(chaosText(run));
    return isProven ? EXIT.done : EXIT.failed;
  } finally {
    await kafka.close();
    const keeps = !isProven && !signal.aborted;
    await machine.stop(keeps);
    if (keeps) say(`data and logs stay in ${machine.folder}`);
    release();
  }
}

async function survive(rig: Rig): Promise<ChaosRun | undefined> {
  const { options, machine, say, signal } = rig;
  const merchant = machine.publish(options.seed, options.rate);
  const faults = await injectAll(rig);
  if (signal.aborted) return undefined;
  say('no more faults: the merchant stops, and the consumers catch up …');
  await merchant.stop(MERCHANT_GRACE_MS);
  return (await caughtUp(rig)) ? judged(rig, faults) : undefined;
}

const MERCHANT_GRACE_MS = 20_000;

/** Every kind once, in a drawn order, and again, until the time is up. @returns how often each happened */
async function injectAll(rig: Rig): Promise<Map<string, number>> {
  const { options, machine, say, signal } = rig;
  const random = createRandom(options.seed, 'faults');
  const until = performance.now() + options.minutes * 60_000;
  const isOver = () => signal.aborted || performance.now() > until;
  const happened = new Map(Object.keys(FAULTS).map((kind) => [kind, 0]));
  let before = await progress(rig);
  while (!isOver()) {
    for (const kind of shuffled(Object.keys(FAULTS), random)) {
      before = await progressBeyond(rig, before, isOver);
      if (isOver()) break;
      const times = (await FAULTS[kind]?.({ machine, random, say, signal })) ?? 0;
      if (times === 0) say('it met nothing, and does not count');
      happened.set(kind, (happened.get(kind) ?? 0) + times);
    }
  }
  return happened;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.flatMap(() => left.splice(random.int(0, left.length - 1), 1));
}

/** What each group has committed, all partitions together. */
const progress = ({ kafka }: Rig): Promise<number[]> =>
  kafka.use(async (admin) => {
    const sums: number[] = [];
    for (const group of GROUPS)
      sums.push([...(await admin.committed(group, TOPIC)).values()].reduce((sum, offset) => sum + offset, 0));
    return sums;
  });

/** A fault that meets idle or waiting consumers proves little: each group has gone on since the last one. */
async function progressBeyond(rig: Rig, before: readonly number[], isOver: () => boolean): Promise<number[]> {
  for (;;) {
    const now = await progress(rig).catch(() => []);
    if (isOver() || (now.length > 0 && now.every((sum, index) => sum > (before[index] ?? 0)))) return now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const POLL_MS = 200;
/** Nothing moves for so long: it never will. */
const STUCK_MS = 180_000;

/** @returns false: interrupted before they had */
async function caughtUp(rig: Rig): Promise<boolean> {
  const { kafka, signal } = rig;
  let last = '';
  let moved = performance.now();
  while (!signal.aborted) {
    const sums = await progress(rig).catch(() => undefined);
    const ends = await kafka.use((admin) => admin.offsets(TOPIC)).catch(() => undefined);
    const total = [...(ends?.values() ?? [])].reduce((sum, { end }) => sum + end, 0);
    if (ends !== undefined && sums?.every((sum) => sum === total) === true) return true;
    if (String(sums) !== last) moved = performance.now();
    last = String(sums);
    if (performance.now() - moved > STUCK_MS)
      throw new CommandError(
        `the consumers stand still at ${last} of ${total} records: see ${rig.machine.folder}`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

async function judged({ options, machine, say }: Rig, faults: Map<string, number>): Promise<ChaosRun> {
  say('auditing …');
  const file = (name: string) => join(machine.folder, name);
  await machine.once('the audit', ['main.js', 'audit', '--json'], file('audit.json'));
  say('comparing every event by its id, in a process of its own …');
  await machine.once('the oracle', ['chaos/oracle/main.js'], file('verdict.json'));
  const audit = JSON.parse(readFileSync(file('audit.json'), 'utf8')) as Audit;
  const verdict = JSON.parse(readFileSync(file('verdict.json'), 'utf8')) as Verdict;
  const isProven = audit.clean && isRight(verdict);
  return { ...options, faults, audit, verdict, lives: livesOf(machine), isProven };
}

const livesOf = ({ stack, orders, report }: ChaosMachine): number =>
  [stack, ...orders, report].reduce((sum, member: Member) => sum + member.lives, 0);
