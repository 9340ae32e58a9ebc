import type { DeadReason as OrdersReason } from '../../consumers/orders/judge.ts';
import type { DeadReason as ReportReason } from '../../consumers/report/judge.ts';
import type { Unreadable } from '../../producers/collector/body.ts';
import { duration } from '../../runtime/process/duration.ts';
import { amount } from './wording.ts';
import type { Freshness, GroupReading } from './readings.ts';

/** Figures may be this old, p99; ms. */
const FRESH_MS = 2000;

/** A group that is further behind wants more than patience; s. */
const PATIENCE_S = 30;

export interface Verdict {
  readonly well: boolean;
  /** One sentence that says what to do, if anything. */
  readonly sentence: string;
}

const well = (sentence: string): Verdict => ({ well: true, sentence });
const unwell = (sentence: string): Verdict => ({ well: false, sentence });

/** @param reading undefined: there is no topic */
export function lagVerdict(group: string, reading: GroupReading | undefined): Verdict {
  if (reading === undefined) return unwell('There is no topic yet: run kaquan migrate.');
  const { lag } = reading;
  const consumers = reading.members.length;
  const behind = `${amount(lag.records)} events (${duration(lag.seconds * 1000)}) behind`;
  if (lag.records === 0) {
    return consumers > 0
      ? well('Up to date.')
      : unwell(`Up to date, but nobody consumes: start kaquan consume ${group}.`);
  }
  if (consumers === 0) return unwell(`Nobody consumes, ${behind}: start kaquan consume ${group}.`);
  if (lag.seconds <= PATIENCE_S) return well(`Working, ${behind}.`);
  return unwell(`Catching up, ${behind}: ${moreHands(group, consumers, lag.partitions.length)}`);
}

function moreHands(group: string, consumers: number, partitions: number): string {
  return consumers < partitions
    ? `another kaquan consume ${group} shares the work (${consumers} of at most ${partitions} run).`
    : `every partition has its consumer; their logs say what they wait for.`;
}

// What each reason says about its sender, for the person who has to tell him.
type DeadReason = OrdersReason | ReportReason | Unreadable | 'invalid';

const MEANING: Readonly<Record<DeadReason, string>> = {
  no_value: 'a record without a value',
  not_framed: 'bytes that are not Avro in Confluent framing',
  unknown_schema: 'a schema id that nobody knows; is SCHEMA_REGISTRY_URL set?',
  incompatible_schema: 'a schema that this version cannot read',
  malformed: 'bytes that do not fit their schema',
  damaged_text: 'text that is not UTF-8',
  out_of_bounds: 'a value outside the bounds that can be stored',
  implausible_time: 'a time too far from its record; a clock at the sender is wrong',
  misrouted: 'on another partition than its order belongs to; a sender partitions differently',
  refused_by_store: 'a row that ClickHouse refuses',
  refused_by_api: 'refused by the report API; the dead letter has its own words',
  destination_refused: 'of an app that may not report, or has no credentials',
  invalid: 'a report that breaks rules; the dead letter names them',
  no_json: 'a body that is no JSON in UTF-8',
  encrypted: 'a body that is encrypted',
};

const isKnown = (reason: string): reason is DeadReason => reason in MEANING;

/** What a reason means, or nothing if this version does not know it. */
export const meaningOf = (reason: string): string => (isKnown(reason) ? MEANING[reason] : '');

export function deadLetterVerdict(total: number, topic: string): Verdict {
  if (total === 0) return well('None.');
  return unwell(
    `They are kept whole on the topic ${topic}: see kaquan dlq list, and kaquan dlq redrive once mended.`,
  );
}

export function freshnessVerdict(freshness: Freshness | null): Verdict {
  if (freshness === null) return well('Idle: nothing was stored in the last minute.');
  if (freshness.p99 <= FRESH_MS) return well('Fresh.');
  return unwell('Late: a group that was behind is catching up, or ClickHouse is busy.');
}
