import { BOUNDS, type CouponOrderEvent } from '../../schemas/coupon_order/event.ts';

/** Records that are no event, each in a way that a consumer must notice. */
export const POISON_KINDS = [
  'not_framed',
  'unknown_schema',
  'truncated',
  'trailing_bytes',
  'empty_value',
  'null_value',
  'misrouted',
  'wrong_key',
  'implausible_time',
  'amount_out_of_bounds',
] as const;

export type PoisonKind = (typeof POISON_KINDS)[number];

/** A Kafka record, before it is sent. */
export interface PoisonRecord {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer | null;
}

export interface PoisonTools {
  /** @returns the framed Avro value */
  encode(event: CouponOrderEvent): Buffer;
  keyOf(event: CouponOrderEvent): Buffer;
  partitionOf(key: Buffer): number;
  /** How many partitions the topic has. */
  readonly partitions: number;
}

const YEAR_2099 = 4_070_908_800_000;
const NO_SCHEMA = 0x7fffffff;
const SCHEMA_ID_AT = 1;

/** Makes a record of this kind from a good event, which must belong to an order of its own. */
export function poisonRecord(kind: PoisonKind, event: CouponOrderEvent, tools: PoisonTools): PoisonRecord {
  const key = tools.keyOf(event);
  const partition = tools.partitionOf(key);
  switch (kind) {
    case 'misrouted':
      // Where there is one partition only, no other is wrong.
      if (tools.partitions === 1) return wrongKey(event, tools);
      return { partition: (partition + 1) % tools.partitions, key, value: tools.encode(event) };
    case 'wrong_key':
      return wrongKey(event, tools);
    default:
      return { partition, key, value: poisonValue(kind, event, tools) };
  }
}

function wrongKey(event: CouponOrderEvent, tools: PoisonTools): PoisonRecord {
  const key = Buffer.concat([tools.keyOf(event), Buffer.from('?')]);
  return { partition: tools.partitionOf(key), key, value: tools.encode(event) };
}

type ValueKind = Exclude<PoisonKind, 'misrouted' | 'wrong_key'>;

function poisonValue(kind: ValueKind, event: CouponOrderEvent, tools: PoisonTools): Buffer | null {
  switch (kind) {
    case 'not_framed':
      return Buffer.from(JSON.stringify({ type: 'coupon_order', order_id: event.coupon.order_id }));
    case 'unknown_schema':
      return withSchemaId(tools.encode(event), NO_SCHEMA);
    case 'truncated':
      return tools.encode(event).subarray(0, -7);
    case 'trailing_bytes':
      return Buffer.concat([tools.encode(event), Buffer.from('tail')]);
    case 'empty_value':
      return Buffer.alloc(0);
    case 'null_value':
      return null;
    case 'implausible_time':
      return tools.encode({ ...event, time: YEAR_2099 });
    case 'amount_out_of_bounds':
      return tools.encode({ ...event, coupon: { ...event.coupon, pay_amt: BOUNDS.payAmt + 1 } });
  }
}

function withSchemaId(value: Buffer, id: number): Buffer {
  const copy = Buffer.from(value);
  copy.writeUInt32BE(id, SCHEMA_ID_AT);
  return copy;
}
