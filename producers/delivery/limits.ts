import type { OutRecord } from '../../runtime/kafka/producer.ts';

/** How records are collected into batches. */
export interface DeliveryLimits {
  /** How long a record may wait for its acknowledgement, milliseconds. */
  readonly timeoutMs: number;
  /** How long a record waits for company, milliseconds. */
  readonly lingerMs: number;
  /** How many bytes may be waiting before {@link DeliveryQueue.room} makes its callers wait. */
  readonly queueBytes: number;
  readonly batchRecords: number;
  /** Bytes of one partition's share of a batch; brokers refuse more than a mebibyte in one piece. */
  readonly partitionBytes: number;
}

export const DEFAULT_LIMITS: DeliveryLimits = {
  timeoutMs: 120_000,
  lingerMs: 5,
  queueBytes: 32 * 1024 * 1024,
  batchRecords: 5000,
  partitionBytes: 800_000,
};

// Lengths, offsets, timestamp and attributes of a record in Kafka's format, at most.
const RECORD_OVERHEAD = 40;

/** What a record takes of a batch, in bytes, rounded up. */
export const recordBytes = ({ key, value, headers }: OutRecord): number =>
  (key?.length ?? 0) +
  (value?.length ?? 0) +
  (headers === undefined ? 0 : headerBytes(headers)) +
  RECORD_OVERHEAD;

// A character of text has at most three bytes, a length at most five.
const headerBytes = (headers: NonNullable<OutRecord['headers']>): number =>
  Object.entries(headers)
    .flatMap(([name, value]) =>
      Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value] as const],
    )
    .reduce(
      (sum, [name, value]) => sum + 3 * name.length + (typeof value === 'string' ? 3 : 1) * value.length + 10,
      0,
    );
