import { describe, expect, it } from '@jest/globals';

import { POISON_KINDS, poisonRecord, type PoisonKind } from '../../../producers/simulator/poison.ts';
import { encodeReport, keyOf } from '../../../producers/report-encoder.ts';
import { partitionOf } from '../../../runtime/kafka/partitioner.ts';
import {
  createSchemas,
  encodeEvent,
  framedId,
  withinBounds,
  type CouponOrderEvent,
} from '../../../schemas/index.ts';
import { breakReport, BREAK_COUNT } from '../../../producers/simulator/broken-report.ts';
import { backlog, ENCODING } from './simulated.ts';

const [sending] = backlog({ orders: 1, duplicates: 0, invalid: 0 }).sendings;

function goodEvent(): CouponOrderEvent {
  const encoded = encodeReport(sending?.report, ENCODING);
  if (!encoded.ok) throw new Error('the first report of a backlog is good');
  return encoded.event;
}

const event = goodEvent();
const PARTITIONS = 4;
const schemas = createSchemas();

const made = (kind: PoisonKind, partitions = PARTITIONS) =>
  poisonRecord(kind, event, {
    encode: encodeEvent,
    keyOf,
    partitionOf: (key) => partitionOf(key, partitions),
    partitions,
  });

/** What a consumer finds out about a record, in the order in which it looks. */
function found({ key, value, partition }: ReturnType<typeof made>): string {
  if (value === null) return 'null';
  const id = framedId(value);
  if (id === undefined) return 'no frame';
  if (schemas.loaded(id) === undefined) return 'unknown schema';
  const decoded = schemas.decodeEvent(id, value);
  if (!decoded.ok) return decoded.reason;
  const { value: read } = decoded;
  if (!key.equals(keyOf(read))) return 'wrong key';
  if (partition !== partitionOf(key, PARTITIONS)) return 'wrong partition';
  if (!withinBounds(read)) return 'out of bounds';
  return read.time > Date.UTC(2090, 0) ? 'far future' : 'nothing';
}

describe('a poisoned record', () => {
  it.each([
    ['not_framed', 'no frame'],
    ['unknown_schema', 'unknown schema'],
    ['empty_value', 'no frame'],
    ['null_value', 'null'],
    ['misrouted', 'wrong partition'],
    ['wrong_key', 'wrong key'],
    ['amount_out_of_bounds', 'out of bounds'],
    ['implausible_time', 'far future'],
  ] as const)('of kind %s has: %s', (kind, what) => {
    expect(found(made(kind))).toBe(what);
  });

  it.each(['truncated', 'trailing_bytes'] as const)('of kind %s is no event', (kind) => {
    expect(['nothing', 'no frame', 'unknown schema']).not.toContain(found(made(kind)));
  });

  it('is none that a consumer takes where the topic has one partition', () => {
    expect(found(made('misrouted', 1))).toBe('wrong key');
  });

  it('lies, unless that is what is wrong with it, where its order would', () => {
    const place = partitionOf(keyOf(event), PARTITIONS);
    for (const kind of POISON_KINDS.filter((each) => each !== 'misrouted' && each !== 'wrong_key')) {
      expect(made(kind)).toMatchObject({ partition: place, key: keyOf(event) });
    }
  });
});

describe('a broken report', () => {
  it.each(Array.from({ length: BREAK_COUNT }, (_, index) => index))('number %i breaks a rule', (index) => {
    const report = structuredClone({ type: 'coupon_order', props: propsOf(sending?.report) });
    expect(encodeReport(report, ENCODING).ok).toBe(true);
    const broken = encodeReport(breakReport(report, index), ENCODING);
    expect(broken.ok ? [] : broken.violations).not.toEqual([]);
  });
});

const propsOf = (report: Record<string, unknown> | undefined): unknown => report?.['props'] ?? report;
