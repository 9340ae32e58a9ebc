import { expect, it } from '@jest/globals';
import { pino } from 'pino';

import { Book } from '../../../consumers/report/book.ts';
import { Commits } from '../../../consumers/report/commits.ts';
import { Courier } from '../../../consumers/report/courier.ts';
import { Lane } from '../../../consumers/report/lane.ts';
import { createPace } from '../../../consumers/report/pace.ts';
import { unaskedStore } from '../unasked-store.ts';

const logger = pino({ level: 'silent' });
const { signal } = new AbortController();
const persist = <T>(_what: string, work: () => Promise<T>): Promise<T> => work();
const PARTITION = { partition: 3, key: null, headers: {}, time: 0 };

function laneWith(events: number): Lane {
  const lane = new Lane({
    partition: PARTITION.partition,
    start: 0,
    note: { apps: new Map() },
    brakeWindow: 10,
    brakeShare: 1,
    judge: ({ offset }) => ({
      kind: 'event',
      event: { appId: 'wx1', eventId: `e${offset}`, time: 0, body: Buffer.from('{}'), isRedriven: false },
    }),
  });
  const records = Array.from({ length: events }, (_, offset) => ({
    ...PARTITION,
    offset,
    value: Buffer.from('x'),
  }));
  lane.put({ epoch: 1, partition: PARTITION.partition, records, from: 0, to: events });
  return lane;
}

it('sends no more together than the limit lets through at once', async () => {
  const clickhouse = unaskedStore();
  const pace = createPace(240, 50);
  const sent: number[] = [];
  const lane = laneWith(30);
  const courier = new Courier(lane, {
    deliveries: {
      pack: (events) => ({ events, body: Buffer.alloc(0) }),
      async deliver({ events }) {
        await pace.clearance(events.length);
        sent.push(events.length);
        return [{ events, outcome: 'accepted', attempts: 1, status: 200, code: 0, msg: '' }];
      },
    },
    book: new Book({
      clickhouse,
      owner: { group: 'report', generation: 1 },
      persist,
      timeoutMs: 1000,
      waitMs: 0,
      onStored: () => undefined,
      signal,
    }),
    commits: new Commits({ group: { commit: () => Promise.resolve(true) }, epoch: 1, persist, signal }),
    pace,
    limits: { events: 50, bytes: 262_144 },
    generation: 1,
    ids: { mayHave: () => false, add: () => undefined },
    lookUp: () => Promise.resolve(new Map()),
    loadSchemas: () => Promise.resolve(),
    publish: () => Promise.resolve(),
    now: () => 0,
    logger,
    signal,
  });
  for (let next = await courier.prepare(); next !== undefined; next = await courier.prepare())
    await courier.deliver(next);
  expect(sent).toEqual([12, 12, 6]);
  await clickhouse.close();
});
