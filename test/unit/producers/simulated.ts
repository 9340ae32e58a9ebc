import { createHash } from 'node:crypto';

import { noCounts, type SimulationCounts } from '../../../producers/simulator/counts.ts';
import { recordOf } from '../../../producers/simulator/records.ts';
import type { Sending } from '../../../producers/simulator/sending.ts';
import { simulateBacklog, type BacklogOptions } from '../../../producers/simulator/simulation.ts';
import type { OutRecord } from '../../../runtime/kafka/producer.ts';
import { eventIdText, LATEST, parseReport, type CouponOrderEvent } from '../../../schemas/index.ts';

export const UNTIL = Date.UTC(2026, 5, 30, 12);

export const ENCODING = { partitions: 4, schemaId: LATEST.id };

export interface Simulated {
  readonly sendings: Sending[];
  readonly records: OutRecord[];
  readonly counts: SimulationCounts;
}

export const backlog = (options: Partial<BacklogOptions> = {}): Simulated => {
  const counts = noCounts();
  const sendings = [
    ...simulateBacklog(
      {
        seed: '1',
        orders: 1000,
        until: UNTIL,
        days: 14,
        duplicates: 0.05,
        late: 0.1,
        invalid: 0.01,
        ...options,
      },
      () => (counts.orders += 1),
    ),
  ];
  const records = sendings.map((sending) => recordOf(sending, ENCODING, counts));
  return { sendings, counts, records: records.filter((record) => record !== undefined) };
};

/** All bytes of all records, in their order. */
export function digest(records: readonly OutRecord[]): string {
  const hash = createHash('sha256');
  for (const { partition, key, value } of records) {
    hash.update(`${partition}/${key?.toString() ?? ''}/${value?.length ?? 'null'}/`).update(value ?? '');
  }
  return hash.digest('hex');
}

export interface Reported {
  readonly event: CouponOrderEvent;
  readonly id: string;
  readonly first: boolean;
  readonly late: boolean;
}

/** The good reports, in sending order. */
export function reported(sendings: readonly Sending[]): Reported[] {
  return sendings.flatMap((sending) => {
    if (sending.kind !== 'report') return [];
    const parsed = parseReport(sending.report);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
    const { event } = parsed;
    return [{ event, id: eventIdText(event.event_id), first: sending.first, late: sending.late }];
  });
}

export function grouped<T>(list: readonly T[], keyOf: (element: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const element of list) {
    const group = groups.get(keyOf(element));
    if (group === undefined) groups.set(keyOf(element), [element]);
    else group.push(element);
  }
  return groups;
}
