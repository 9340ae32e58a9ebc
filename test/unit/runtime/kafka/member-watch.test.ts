import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Registry } from 'prom-client';

import { memberMetrics } from '../../../../runtime/kafka/member-metrics.ts';
import { MemberWatch } from '../../../../runtime/kafka/member-watch.ts';
import { createMetrics } from '../../../../runtime/metrics/metrics.ts';
import { Waits } from '../../../../runtime/process/waits.ts';

const silent = { info: () => undefined, warn: () => undefined };
const LIMIT_MS = 60_000;

let registry: Registry;
let waits: Waits;
let watch: MemberWatch;

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-01-31T12:00:00Z') });
  registry = new Registry();
  waits = new Waits({ logger: silent, now: Date.now });
  const metrics = createMetrics(registry, memberMetrics);
  watch = new MemberWatch({ waits, metrics, now: Date.now, brokers: ['a:1'], heartbeatMs: 3000 });
  watch.starts();
});

afterEach(() => {
  watch.stops();
  jest.useRealTimers();
});

const at = (offset: number): ReadonlyMap<number, number> => new Map([[0, offset]]);

/** Time goes by while the broker answers. */
function pass(seconds: number): void {
  for (let s = 0; s < seconds; s++) {
    jest.advanceTimersByTime(1000);
    watch.answered();
  }
}

function begin(): void {
  watch.joined([0]);
  watch.positioned(at(0));
}

const isAlive = (): boolean => watch.alive(LIMIT_MS).ok;

describe('whether a consumer is alive', () => {
  it('it is not when it is behind, moves nothing, and waits for nothing', () => {
    begin();
    watch.fetched(0, 10);
    pass(60);
    expect(isAlive()).toBe(true);
    pass(1);
    expect(watch.alive(LIMIT_MS)).toEqual({
      ok: false,
      sentence: 'It is 10 events behind and waits for nothing, but no offset moved for 61 s: start it again.',
    });
  });

  it('it is when there is nothing to do, however long, and has its time when something comes', () => {
    begin();
    pass(1000);
    expect(isAlive()).toBe(true);
    watch.fetched(0, 10);
    pass(60);
    expect(isAlive()).toBe(true);
  });

  it('it is when offsets move, and not when the same one is committed again', () => {
    begin();
    watch.fetched(0, 1000);
    for (let offset = 1; offset < 10; offset++) {
      pass(50);
      watch.committed(at(offset));
      expect(isAlive()).toBe(true);
    }
    pass(50);
    watch.committed(at(9));
    pass(11);
    expect(isAlive()).toBe(false);
  });

  it('it is when it waits for something, and for its time after that', () => {
    begin();
    watch.fetched(0, 10);
    const waiting = waits.begin('ClickHouse', 'it refuses', Date.now());
    pass(1000);
    expect(isAlive()).toBe(true);
    waiting.end();
    pass(60);
    expect(isAlive()).toBe(true);
    pass(1);
    expect(isAlive()).toBe(false);
  });

  it('it is when it has no partition, or was just given other ones', () => {
    begin();
    watch.fetched(0, 10);
    pass(100);
    expect(isAlive()).toBe(false);
    watch.joined([]);
    pass(100);
    expect(isAlive()).toBe(true);
    expect(waits.current()).toMatchObject([{ on: 'a partition', isTrouble: false }]);
    begin();
    expect(waits.current()).toEqual([]);
    expect(isAlive()).toBe(true);
  });

  it('it knows of what is published also when nothing is fetched', async () => {
    begin();
    watch.follow(() => Promise.resolve(new Map([[0, { start: 0, end: 7 }]])));
    await jest.advanceTimersByTimeAsync(5000);
    expect(watch.standings()).toEqual([{ partition: 0, committed: 0, logEnd: 7 }]);
    pass(61);
    expect(isAlive()).toBe(false);
  });
});

it('measures what it has and how far it is', async () => {
  begin();
  watch.fetched(0, 10);
  watch.committed(at(4));
  const text = await registry.metrics();
  for (const line of [
    'kaquan_consumer_partitions 1',
    'kaquan_consumer_committed_offset{partition="0"} 4',
    'kaquan_consumer_lag_events{partition="0"} 6',
    'kaquan_consumer_rebalances_total 1',
    'kaquan_consumer_commits_total 1',
  ])
    expect(text.split('\n')).toContain(line);
  watch.joined([]);
  expect(await registry.metrics()).not.toContain('partition="0"');
});

it('counts the rebalances of the last hour', () => {
  for (let times = 0; times < 3; times++) {
    begin();
    pass(1500);
  }
  expect(watch.rebalancesLately()).toBe(2);
});
