import { poisonedIn, recordsIn, type SimulationCounts } from '../../producers/simulator/counts.ts';
import { grouped } from './progress.ts';

/** How a simulation went. */
export interface SimulationRun {
  readonly seed: string;
  /** When the backlog's events end, milliseconds since 1970. */
  readonly until: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** One JSON document; `events` is how many different events consumers must end up with. */
export function asJson(
  counts: SimulationCounts,
  { seed, until, seconds, interrupted }: SimulationRun,
): string {
  const document = {
    seed,
    until: new Date(until).toISOString(),
    interrupted,
    seconds,
    ...counts,
    poisoned: { total: poisonedIn(counts), ...counts.poisoned },
    records: recordsIn(counts),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

export function asText(counts: SimulationCounts, { seconds, until }: SimulationRun): string {
  const records = recordsIn(counts);
  const rows: [string, number, string][] = [
    ['events', counts.events, `${grouped(counts.late)} of them late`],
    ['sent again', counts.duplicates, ''],
    ['refused', counts.refused, 'by the producer: they break a rule'],
    ['poisoned', poisonedIn(counts), poisonText(counts)],
  ];
  const head = `published ${grouped(records)} records of ${grouped(counts.orders)} orders until ${new Date(until).toISOString()} in ${seconds.toFixed(1)} s`;
  return `${[head, ...rows.map(([name, count, text]) => `  ${name.padEnd(11)}${grouped(count).padStart(12)}  ${text}`.trimEnd())].join('\n')}\n`;
}

const poisonText = ({ poisoned }: SimulationCounts): string =>
  Object.entries(poisoned)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
