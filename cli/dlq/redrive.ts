import type { RecordProducer } from '../../runtime/kafka/producer.ts';
import { placeText, type KeptLetter } from './letters.ts';
import type { RedriveLedger } from './ledger.ts';
import type { Plan } from './plan.ts';

export interface RedriveOptions {
  /** Only dead letters of this reason. */
  readonly reason?: string | undefined;
  /** At most so many dead letters. */
  readonly max?: number | undefined;
  /** Publishes nothing. */
  readonly dryRun: boolean;
}

/** What `kaquan dlq redrive --json` prints. */
export interface Redrive {
  readonly group: string;
  readonly dry_run: boolean;
  /** Dead letters that were published again, or would be. */
  readonly redriven: number;
  readonly redriven_by_reason: Readonly<Record<string, number>>;
  /** Dead letters that were redriven before. */
  readonly before: number;
  /** Dead letters that stay where they are, by why. */
  readonly kept: Readonly<Record<string, number>>;
}

export interface RedriveParts {
  /** Of a group, in the order in which they were kept, a fetch at a time. */
  readonly letters: AsyncIterable<KeptLetter[]>;
  readonly ledger: RedriveLedger;
  /** What to do with each of some dead letters. */
  readonly plan: (letters: readonly KeptLetter[]) => Promise<readonly Plan[]>;
  readonly producer: (topic: string) => Promise<Pick<RecordProducer, 'send'>>;
}

interface Planned {
  readonly letter: KeptLetter;
  readonly plan: Plan & { readonly kind: 'publish' };
}

/** Publishes dead letters again that were not yet, and remembers each. What it is interrupted in is done by the next call. */
export async function redrive(group: string, options: RedriveOptions, parts: RedriveParts): Promise<Redrive> {
  const byReason = new Counts();
  const kept = new Counts();
  let before = 0;
  let left = options.max ?? Number.POSITIVE_INFINITY;
  for await (const fetched of parts.letters) {
    if (left <= 0) break;
    const wanted = fetched.filter(({ letter }) => (options.reason ?? letter.reason) === letter.reason);
    const known = await parts.ledger.find(wanted);
    const fresh = wanted.filter(({ place }) => !known.has(placeText(place)));
    before += wanted.length - fresh.length;
    const planned: Planned[] = [];
    for (const [index, plan] of (await parts.plan(fresh)).entries()) {
      const letter = fresh[index];
      if (letter === undefined) continue;
      if (plan.kind === 'keep') kept.add(plan.why);
      else planned.push({ letter, plan });
    }
    const now = planned.slice(0, left);
    left -= now.length;
    if (!options.dryRun) await publish(now, parts);
    for (const { letter } of now) byReason.add(letter.letter.reason);
  }
  const redriven_by_reason = byReason.asRecord();
  return {
    group,
    dry_run: options.dryRun,
    redriven: byReason.total,
    redriven_by_reason,
    before,
    kept: kept.asRecord(),
  };
}

async function publish(planned: readonly Planned[], { ledger, producer }: RedriveParts): Promise<void> {
  const topics = new Set(planned.map(({ plan }) => plan.topic));
  for (const topic of topics) {
    const records = planned.flatMap(({ plan }) => (plan.topic === topic ? plan.records : []));
    await (await producer(topic)).send(records);
  }
  if (planned.length > 0)
    await ledger.record(planned.map(({ letter, plan: { count } }) => ({ ...letter, count })));
}

class Counts {
  total = 0;
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.total += 1;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  asRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a));
  }
}
