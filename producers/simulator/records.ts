import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import type { OutRecord } from '../../runtime/kafka/producer.ts';
import { encodeEvent } from '../../schemas/index.ts';
import { encodeReport, keyOf, type EncodedReport, type ReportEncoderOptions } from '../report-encoder.ts';
import type { SimulationCounts } from './counts.ts';
import { poisonRecord, type PoisonKind } from './poison.ts';
import type { Sending } from './sending.ts';

type Accepted = Extract<EncodedReport, { readonly ok: true }>;

/** The record of one sending, which is counted; undefined if a producer refuses it. */
export function recordOf(
  sending: Sending,
  encoding: ReportEncoderOptions,
  counts: SimulationCounts,
): OutRecord | undefined {
  const encoded = encodeReport(sending.report, encoding);
  if (sending.kind === 'broken') {
    if (encoded.ok) throw new Error('the simulator broke a rule, and the report was accepted');
    counts.refused += 1;
    return undefined;
  }
  if (!encoded.ok) throw new Error(`the simulator made a bad report: ${JSON.stringify(encoded.violations)}`);
  if (sending.kind === 'poison') return poisoned(sending.poison, encoded, encoding, counts);
  if (sending.first) counts.events += 1;
  else counts.duplicates += 1;
  if (sending.late) counts.late += 1;
  return encoded.record;
}

function poisoned(
  wanted: PoisonKind,
  { event }: Accepted,
  { partitions, schemaId }: ReportEncoderOptions,
  counts: SimulationCounts,
): OutRecord {
  // A topic of one partition has no wrong one.
  const kind = wanted === 'misrouted' && partitions === 1 ? 'wrong_key' : wanted;
  counts.poisoned[kind] += 1;
  return poisonRecord(kind, event, {
    encode: (good) => encodeEvent(good, schemaId),
    keyOf,
    partitionOf: (key) => partitionOf(key, partitions),
    partitions,
  });
}
