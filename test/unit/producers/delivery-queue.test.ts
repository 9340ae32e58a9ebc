import { describe, expect, it } from '@jest/globals';

import { DeliveryQueue } from '../../../producers/delivery/delivery-queue.ts';
import { DeliveryError, TopicMismatchError } from '../../../producers/delivery/errors.ts';
import { DEFAULT_LIMITS, type DeliveryLimits } from '../../../producers/delivery/limits.ts';
import type { OutRecord } from '../../../runtime/kafka/producer.ts';
import { ManualClock, settled } from './manual-clock.ts';

const record = (name: string, partition = 0, size = 10): OutRecord => ({
  partition,
  key: Buffer.from(name),
  value: Buffer.alloc(size),
});

const nameOf = ({ key }: OutRecord): string => key?.toString() ?? '';

type Send = (records: readonly OutRecord[]) => Promise<void>;

function open(send: Send, limits: Partial<DeliveryLimits> = {}) {
  const clock = new ManualClock();
  const batches: string[][] = [];
  const queue = new DeliveryQueue({
    clock,
    jitter: () => 0.5,
    limits: { ...DEFAULT_LIMITS, timeoutMs: 10_000, lingerMs: 5, ...limits },
    send: async (records) => {
      batches.push(records.map(nameOf));
      await send(records);
    },
  });
  const add = (...records: OutRecord[]) => {
    const outcome = queue.add(records, queue.deadline());
    outcome.catch(() => undefined);
    return outcome;
  };
  return { clock, batches, queue, add };
}

const acknowledged: Send = () => Promise.resolve();
const never: Send = () => new Promise(() => undefined);

/** Fails so often, then works. */
function failing(times: number, error = new Error('broker away')): Send {
  let left = times;
  return () => ((left -= 1) >= 0 ? Promise.reject(error) : Promise.resolve());
}

describe('a delivery queue', () => {
  it('collects what is added within the linger time into one batch', async () => {
    const { clock, batches, add } = open(acknowledged);
    const first = add(record('a'));
    await clock.advance(2, 1);
    const second = add(record('b'), record('c'));
    expect(batches).toEqual([]);
    await clock.advance(5, 1);
    await Promise.all([first, second]);
    expect(batches).toEqual([['a', 'b', 'c']]);
  });

  it('sends a full batch without waiting', async () => {
    const { batches, add } = open(acknowledged, { batchRecords: 2, lingerMs: 1000 });
    const first = add(record('a'));
    await settled();
    await Promise.all([first, add(record('b'))]);
    expect(batches).toEqual([['a', 'b']]);
  });

  it('never has two batches under way, and repeats a failed one before the next', async () => {
    const { clock, batches, add } = open(failing(2), { batchRecords: 1 });
    const all = Promise.all([add(record('a')), add(record('b'))]);
    await clock.advance(2000);
    await all;
    expect(batches).toEqual([['a'], ['a'], ['a'], ['b']]);
  });

  it('cuts a batch before a partition has more than a broker takes, wherever the other records go', async () => {
    const { batches, queue, add } = open(acknowledged, { partitionBytes: 1000 });
    const all = add(record('a', 0, 600), record('b', 1, 600), record('c', 0, 600), record('huge', 2, 5000));
    await Promise.all([queue.close(), all]);
    expect(batches).toEqual([['a', 'b'], ['c'], ['huge']]);
  });

  it('sends together what is added together, if it fits into a batch', async () => {
    const { batches, queue, add } = open(acknowledged, { batchRecords: 3 });
    const all = [
      add(record('a1'), record('a2')),
      add(record('b1'), record('b2')),
      add(record('c1'), record('c2'), record('c3'), record('c4')),
      add(record('d')),
    ];
    await Promise.all([queue.close(), ...all]);
    expect(batches).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
      ['c1', 'c2', 'c3'],
      ['c4', 'd'],
    ]);
  });

  it('rejects at the deadline, also while an attempt hangs, and names the last cause', async () => {
    const { clock, add } = open(failing(1000));
    const lost = add(record('a'));
    await clock.advance(11_000);
    await expect(lost).rejects.toThrow(/did not acknowledge within 10 s: broker away/);
    await expect(lost).rejects.toBeInstanceOf(DeliveryError);

    const hanging = open(never);
    const stuck = hanging.add(record('b'));
    const behind = hanging.add(record('c'));
    await hanging.clock.advance(11_000);
    await expect(stuck).rejects.toBeInstanceOf(DeliveryError);
    await expect(behind).rejects.toBeInstanceOf(DeliveryError);
  });

  it('sends no more what has expired, and goes on with what has not', async () => {
    const { clock, batches, add } = open(failing(9), { batchRecords: 1 });
    const old = add(record('old'));
    await clock.advance(9000);
    const young = add(record('young'));
    await clock.advance(9000);
    await expect(old).rejects.toBeInstanceOf(DeliveryError);
    await young;
    expect(batches.at(-1)).toEqual(['young']);
  });

  it('fails at once what trying again can not mend', async () => {
    const mismatch = open(failing(1, new TopicMismatchError('t', 5, 4)));
    const lost = mismatch.add(record('a'));
    await mismatch.clock.advance(100);
    await expect(lost).rejects.toThrow(/topic t has 5 partitions, but 4 are recorded/);
    expect(mismatch.batches).toHaveLength(1);

    const refusal = Object.assign(new Error('not allowed'), {
      type: 'TOPIC_AUTHORIZATION_FAILED',
      retriable: false,
    });
    const refused = open(failing(1, refusal));
    const denied = refused.add(record('a'));
    await refused.clock.advance(100);
    await expect(denied).rejects.toThrow('not allowed');
  });

  it('makes callers wait for room, first come first served, and not beyond their deadline', async () => {
    const { clock, queue, add } = open(never, { queueBytes: 100 });
    add(record('a', 0, 200)).catch(() => undefined);
    const entered: number[] = [];
    const enter = async (number: number, deadline: number): Promise<void> => {
      await queue.room(deadline);
      entered.push(number);
    };
    const impatient = enter(0, clock.now() + 1000);
    impatient.catch(() => undefined);
    void enter(1, Infinity);
    await clock.advance(1500);
    await expect(impatient).rejects.toBeInstanceOf(DeliveryError);
    await clock.advance(10_000);
    // The attempt that hangs still holds its bytes.
    expect(entered).toEqual([]);
  });

  it('admits waiting callers in order once there is room', async () => {
    let acknowledge: () => void = () => undefined;
    const { clock, queue, add } = open(() => new Promise((resolve) => (acknowledge = resolve)), {
      queueBytes: 100,
    });
    const sent = add(record('a', 0, 200));
    await clock.advance(10);
    const entered: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      await queue.room(Infinity);
      entered.push(number);
    });
    await settled();
    expect(entered).toEqual([]);
    acknowledge();
    await Promise.all([sent, ...waiting]);
    expect(entered).toEqual([1, 2, 3]);
  });

  it('closes without lingering, and only when all is acknowledged', async () => {
    const { batches, queue, add } = open(acknowledged, { lingerMs: 60_000, batchRecords: 2 });
    const all = Promise.all(['a', 'b', 'c'].map((name) => add(record(name))));
    await queue.close();
    await all;
    expect(batches.flat()).toEqual(['a', 'b', 'c']);
  });
});
