import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

import type { Batch } from '../../../consumers/orders/batch.ts';
import { BatchBuilder } from '../../../consumers/orders/batch-builder.ts';
import { eventsInsert } from '../../../consumers/orders/events-insert.ts';
import { KnownOrders } from '../../../consumers/orders/known-orders.ts';
import { createLanes } from '../../../consumers/orders/lane.ts';
import { BufferPool } from '../../../runtime/bytes/growable.ts';
import type { FetchedRecord } from '../../../runtime/kafka/group.ts';
import { redriveHeaders } from '../../../runtime/kafka/redrive.ts';
import { createSchemas, encodeEvent, parseReport } from '../../../schemas/index.ts';

const MINIMAL = new URL('../../../schemas/examples/valid/minimal.json', import.meta.url);
const parsed = parseReport(JSON.parse(readFileSync(MINIMAL, 'utf8')));
if (!parsed.ok) throw new Error('the example is valid');
const { event } = parsed;
const good = {
  key: Buffer.from(`${event.wx_user.app_id}:${event.coupon.order_id}`),
  value: encodeEvent(event),
  time: event.time,
  headers: {},
};
const forGroup = (group: string) => redriveHeaders({}, { group, count: 1 });

async function batchOf(records: readonly Omit<FetchedRecord, 'partition' | 'offset'>[]): Promise<Batch> {
  const lanes = createLanes([0], { cachedStates: 10, brakeWindow: 2, brakeShare: 1 });
  const builder = new BatchBuilder(1, lanes, {
    schemas: createSchemas(),
    insertOf: ({ text }) => eventsInsert(text),
    group: 'orders',
    plausible: { past: 10_000, future: 0 },
    partitions: 1,
    generation: 1,
    pool: new BufferPool(8),
    known: new KnownOrders(0),
    lookUp: () => Promise.resolve(new Map()),
    isRefused: () => false,
  });
  const placed = records.map((record, offset) => ({ ...record, partition: 0, offset }));
  await builder.add([{ epoch: 1, partition: 0, records: placed, from: 0, to: placed.length }]);
  return builder.seal();
}

it('a record that was redriven for another group is a counted skip, whatever it holds, and no event', async () => {
  const redriven = { ...good, headers: forGroup('report') };
  const batch = await batchOf([redriven, { ...redriven, value: null }, good]);
  expect(batch.skips).toEqual([
    { partition: 0, first: 0, last: 0, reason: 'redriven_for_another_group' },
    { partition: 0, first: 1, last: 1, reason: 'redriven_for_another_group' },
  ]);
  expect(batch.deadLetters).toEqual([]);
  expect(batch.events.map(({ events }) => events)).toEqual([1]);
  expect(batch.events[0]?.place(0)).toMatchObject({ offset: 2 });
  expect(batch.offsets).toEqual(new Map([[0, 3]]));
});

it('a record that was redriven for this group is judged like any other', async () => {
  const redriven = { ...good, headers: forGroup('orders') };
  const batch = await batchOf([redriven, { ...redriven, key: Buffer.from('wrong') }]);
  expect(batch.events.map(({ events }) => events)).toEqual([1]);
  expect(batch.deadLetters).toMatchObject([{ reason: 'misrouted', headers: redriven.headers }]);
});

it('redriven records that fail again do not pull the brake, others do', async () => {
  const bad = { ...good, value: Buffer.from('bad') };
  const again = { ...bad, headers: forGroup('orders') };
  expect((await batchOf(Array.from({ length: 5 }, () => again))).deadLetters).toHaveLength(5);
  await expect(batchOf([bad, bad])).rejects.toThrow(/stopped before they are committed/);
});
