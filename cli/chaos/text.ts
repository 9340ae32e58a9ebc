import type { Audit } from '../audit/audit.ts';
import { grouped } from '../produce/progress.ts';
import type { Compared, Verdict } from './oracle/verdict.ts';

/** How a run of `kaquan chaos` ended. */
export interface ChaosRun {
  readonly seed: string;
  readonly minutes: number;
  /** By kind, how often it happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly audit: Pick<Audit, 'clean' | 'unaccounted_offsets' | 'differences'>;
  readonly verdict: Verdict;
  /** How often the stack and the consumers were started. */
  readonly lives: number;
  readonly isProven: boolean;
}

/** The figures of a run, for a person. */
export function chaosText({ seed, minutes, faults, audit, verdict, lives, isProven }: ChaosRun): string {
  const { records, counted, reported, reordered, copies, differences } = verdict;
  const rows: [name: string, count: number][] = [
    ['records published', records],
    ['events verified by id in the figures', counted.same],
    ['events verified by id at the report API', reported?.same ?? 0],
    ['lives of the stack and of consumers', lives],
    ...faults,
    ['unaccounted offsets', audit.unaccounted_offsets],
    [
      'differences',
      audit.differences + differences.length + gapsOf(counted) + (reported ? gapsOf(reported) : 0),
    ],
    ['orders that the API got in another order', reordered.length],
    ['events that the API got more than once', copies],
  ];
  const head = `seed ${seed}, ${minutes} min`;
  const end = isProven
    ? 'Proven: nothing was lost, and nothing was counted twice.'
    : `NOT PROVEN: ${examplesOf(verdict)}`;
  return `${[head, ...rows.map(([name, count]) => `  ${grouped(count).padStart(10)}  ${name}`), end].join('\n')}\n`;
}

const gapsOf = ({ missing, surplus }: Compared): number => missing.length + surplus.length;

function examplesOf({ counted, reported, reordered, differences }: Verdict): string {
  const found = {
    missing: counted.missing,
    surplus: counted.surplus,
    not_reported: reported?.missing ?? [],
    reported_only: reported?.surplus ?? [],
    reordered,
    differences,
  };
  const some = Object.entries(found).filter(([, list]) => list.length > 0);
  if (some.length === 0) return 'kaquan audit found something; see audit.json';
  return some.map(([name, list]) => `${name} ${JSON.stringify(list.slice(0, 3))}`).join('; ');
}
