import { afterAll, expect, it } from '@jest/globals';
import { pino } from 'pino';

import { Assignment } from '../../../consumers/report/assignment.ts';
import { IdFilter } from '../../../consumers/report/id-filter.ts';
import { createPace } from '../../../consumers/report/pace.ts';
import { OperatorError } from '../../../runtime/process/operator-error.ts';
import { createSchemas } from '../../../schemas/index.ts';
import { unaskedStore } from '../unasked-store.ts';

const logger = pino({ level: 'silent' });
// Nothing is written down: nothing is accepted.
const clickhouse = unaskedStore();
afterAll(() => clickhouse.close());

const persist = <T>(_what: string, call: () => Promise<T>): Promise<T> => call();
const LOOKED_AT_TOGETHER = 500;

it('ends at once when the next events can not be prepared, however long the API takes for these', async () => {
  const records = Array.from({ length: LOOKED_AT_TOGETHER + 1 }, (_, offset) => ({
    partition: 0,
    offset,
    time: 0,
    key: null,
    // The last one is framed, and has a schema of its own.
    value: Buffer.from(offset < LOOKED_AT_TOGETHER ? [1] : [0, 0, 0, 0, 7, 1]),
    headers: {},
  }));
  const failed: Error[] = [];
  let isSending = false;
  const assignment = new Assignment({
    epoch: 1,
    group: { commit: () => Promise.resolve(true), hold: () => undefined, release: () => undefined },
    schemas: {
      ...createSchemas(),
      writer: () => Promise.reject(new OperatorError('this schema can not be read')),
    },
    lane: {
      brakeWindow: 10,
      brakeShare: 1,
      judge: ({ offset }) => ({
        kind: 'event',
        event: {
          appId: 'wx1',
          eventId: String(offset).padStart(16, '0'),
          time: 0,
          body: Buffer.from('{}'),
          isRedriven: false,
        },
      }),
    },
    courier: {
      deliveries: {
        pack: (events) => ({ events, body: Buffer.alloc(0) }),
        async deliver(_packed, _pace, signal) {
          isSending = true;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          throw signal.reason;
        },
      },
      limits: { events: 50, bytes: 262_144 },
      generation: 1,
      now: () => 0,
      logger,
    },
    book: {
      clickhouse,
      owner: { group: 'report', generation: 1 },
      persist,
      timeoutMs: 1000,
      waitMs: 0,
      onWritten: () => undefined,
    },
    lookUp: () => Promise.resolve(new Map()),
    publish: () => Promise.resolve(),
    persist,
    onFailed: (error) => failed.push(error),
  });
  assignment.begin(new Map([[0, 0]]), {
    notes: new Map(),
    ids: new IdFilter(),
    pace: createPace(undefined, 50),
  });
  assignment.put({ epoch: 1, partition: 0, records, from: 0, to: records.length });
  while (failed.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(isSending).toBe(true);
  expect(failed.map(({ message }) => message)).toEqual(['this schema can not be read']);
  await assignment.end(1000);
  expect(failed).toHaveLength(1);
});
