import { describe, expect, it } from '@jest/globals';

import { BoundedRows, SpanLimit } from '../../../consumers/orders/bounded-rows.ts';
import { Brake } from '../../../runtime/kafka/brake.ts';
import { eventsInsert } from '../../../consumers/orders/events-insert.ts';
import { Intake } from '../../../consumers/orders/intake.ts';
import { KnownOrders } from '../../../consumers/orders/known-orders.ts';
import { readStates, writeState } from '../../../consumers/orders/rows.ts';
import { StateCache } from '../../../consumers/orders/state-cache.ts';
import { NO_STATE, type Entry } from '../../../domain/order/state.ts';
import { BufferPool } from '../../../runtime/bytes/growable.ts';
import { RowBinaryReader, RowBinaryWriter } from '../../../runtime/clickhouse/row-binary.ts';
import type { Fetched } from '../../../runtime/kafka/group.ts';
import { LATEST } from '../../../schemas/index.ts';

const entry: Entry = {
  time: 1_760_000_000_123,
  eventId: '\0\x7f\x80\xff'.repeat(4),
  orderTime: 1_760_000_000_000,
  payAmt: 10_000_000_000_000,
  openId: '用户\u{1F600}',
  couponBatchId: 'b'.repeat(500),
  scene: -5,
  chanId: '',
  shopId: 'é',
  couponIds: ['', 'c', '券'.repeat(100)],
};

describe('RowBinary', () => {
  it('reads back the states that it writes, absent statuses and wide characters included', () => {
    const to = new RowBinaryWriter();
    const state = { ...NO_STATE, revision: 3, pay: entry, refund: { ...entry, couponIds: [] } };
    writeState(to, { appId: 'wx', orderId: 'o', id: '' }, state);
    expect([...readStates(to.written())]).toEqual([{ appId: 'wx', orderId: 'o', state }]);
  });

  it('keeps what was written when its memory grows', () => {
    const to = new RowBinaryWriter();
    const texts = Array.from({ length: 5000 }, (_, i) => 'x'.repeat(i % 100) + (i % 3 === 0 ? '券' : ''));
    for (const text of texts) to.string(text);
    const from = new RowBinaryReader(to.written());
    expect(texts.map(() => from.string())).toEqual(texts);
    expect(from.done).toBe(true);
  });

  it('writes 64-bit numbers of both signs', () => {
    const numbers = [0, 1, -1, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    const to = new RowBinaryWriter();
    for (const number of numbers) to.int64(number);
    expect(numbers.map((_, i) => Number(to.written().readBigInt64LE(i * 8)))).toEqual(numbers);
  });
});

describe('an insert', () => {
  it('touches a bounded number of partitions, whatever the times of its rows', () => {
    const rows = new BoundedRows(new BufferPool(4));
    const month = 31 * 86_400_000;
    for (let i = 0; i < 100; i++) rows.at(i * month).uint8(i);
    expect(rows.written().map(({ length }) => length)).toEqual([30, 30, 30, 10]);
    const limit = new SpanLimit();
    expect(Array.from({ length: 1000 }, (_, i) => limit.isOver((i % 30) * month))).not.toContain(true);
  });

  it('leaves out what a writer does not know, and reads over what the table does not', () => {
    const older: unknown = JSON.parse(LATEST.text, (key, value: unknown) =>
      key === 'fields' && Array.isArray(value)
        ? value.filter((field: { name?: string }) => field.name !== 'page_title' && field.name !== 'shop')
        : value,
    );
    const { sql, schema } = eventsInsert(JSON.stringify(older));
    expect(sql).not.toContain('page_title');
    expect(sql).toContain('`page`');
    expect(JSON.parse(schema)).toMatchObject({
      fields: [
        { name: 'place_generation' },
        { name: 'place_partition' },
        { name: 'place_offset' },
        { name: 'place_time' },
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
        {},
      ],
    });
  });
});

describe('the brake', () => {
  it('stops only when nearly all of a full window are dead', () => {
    const brake = new Brake(100, 0.95);
    for (let i = 0; i < 99; i++) expect(brake.record(true)).toBe(false);
    expect(brake.record(true)).toBe(true);
  });

  it('forgets what left the window', () => {
    const brake = new Brake(100, 0.95);
    for (let i = 0; i < 6; i++) expect(brake.record(false)).toBe(false);
    for (let i = 0; i < 94; i++) expect(brake.record(true)).toBe(false);
    // 94 of 100; the first good one leaves.
    expect(brake.record(true)).toBe(true);
  });
});

describe('the cache of states', () => {
  it('keeps what is not stored, however small it is', () => {
    const cache = new StateCache(1);
    const working = Array.from({ length: 100 }, (_, i) => ({ state: { ...NO_STATE, revision: i } }));
    for (const [i, one] of working.entries()) cache.pin(String(i), one);
    expect(cache.get('7')?.revision).toBe(7);
    cache.pin('7', { state: { ...NO_STATE, revision: 1000 } });
    for (const [i, one] of working.entries()) cache.stored(String(i), one);
    expect(cache.get('7')?.revision).toBe(1000);
    expect(cache.get('8')).toBeUndefined();
    expect(cache.get('99')?.revision).toBe(99);
  });
});

describe('the known orders', () => {
  it('never deny an order that was added, and deny nearly all others', () => {
    const known = new KnownOrders(100_000);
    for (let i = 0; i < 100_000; i++) known.add(Buffer.from(`wx:order-${i}`));
    let denied = 0;
    for (let i = 0; i < 100_000; i++) {
      if (!known.mayHave(Buffer.from(`wx:order-${i}`))) throw new Error(`order ${i} was denied`);
      if (!known.mayHave(Buffer.from(`wx:other-${i}`))) denied += 1;
    }
    expect(denied).toBeGreaterThan(99_900);
  });
});

describe('the intake', () => {
  const fetched = (bytes: number): Fetched => ({
    epoch: 1,
    partition: 0,
    records: [{ partition: 0, offset: 0, time: 0, key: null, value: Buffer.alloc(bytes), headers: {} }],
    from: 0,
    to: 1,
  });

  const FIRST = { records: 1, bytes: 1 };

  it('has room again once enough was taken', async () => {
    const intake = new Intake(100);
    intake.put(fetched(60));
    await intake.room();
    intake.put(fetched(60));
    let hasRoom = false;
    const room = intake.room().then(() => (hasRoom = true));
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    expect(intake.take(FIRST)).toHaveLength(1);
    await room;
  });

  it('gives out no more than a batch has room for, and at least what came first', () => {
    const intake = new Intake(100);
    for (let n = 0; n < 5; n += 1) intake.put(fetched(60));
    expect(intake.take({ records: 10, bytes: 1 })).toHaveLength(1);
    expect(intake.take({ records: 10, bytes: 61 })).toHaveLength(2);
    expect(intake.take({ records: 1, bytes: 1000 })).toHaveLength(1);
    expect(intake.take({ records: 10, bytes: 1000 })).toHaveLength(1);
  });

  it('wakes its reader for a record, and for its end', async () => {
    const intake = new Intake(100);
    const changed = intake.change(undefined);
    intake.put(fetched(1));
    await changed;
    intake.take(FIRST);
    const closed = intake.change(undefined);
    intake.close();
    await closed;
    expect(intake.isClosed).toBe(true);
  });
});
