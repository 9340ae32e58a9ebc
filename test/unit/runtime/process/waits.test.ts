import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Waits } from '../../../../runtime/process/waits.ts';

const SINCE = Date.parse('2026-01-31T12:00:00Z');
const FROM = '2026-01-31T12:00:00.000Z';

let said: string[];
let waits: Waits;

beforeEach(() => {
  jest.useFakeTimers({ now: SINCE });
  said = [];
  const say = (_: unknown, sentence: unknown): void => void said.push(String(sentence));
  waits = new Waits({ logger: { info: say, warn: say }, now: Date.now });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('what a process waits for', () => {
  it('is said once, with since when, and that it is over, with how long it took', () => {
    const waiting = waits.expect('ClickHouse', 'slow');
    waiting.because('it refuses');
    jest.advanceTimersByTime(60_000);
    waiting.because('it refuses');
    expect(waits.current()).toEqual([
      { on: 'ClickHouse', sentence: 'it refuses', since: SINCE, isTrouble: true },
    ]);
    waiting.end();
    expect(said).toEqual([
      `waits for ClickHouse since ${FROM}: it refuses`,
      'waits for ClickHouse no more, after 60 s',
    ]);
    expect(waits.current()).toEqual([]);
  });

  it('is not said when it is over at once', () => {
    const waiting = waits.expect('ClickHouse', 'slow');
    waiting.because('it refuses');
    jest.advanceTimersByTime(1999);
    waiting.end();
    jest.advanceTimersByTime(60_000);
    expect(said).toEqual([]);
  });

  it('begins with the call, also when the call only takes long', () => {
    const waiting = waits.expect('ClickHouse', 'it has not answered yet');
    jest.advanceTimersByTime(4999);
    expect(waits.current()).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(waits.current()).toMatchObject([{ sentence: 'it has not answered yet', since: SINCE }]);
    jest.advanceTimersByTime(1);
    expect(said).toEqual([`waits for ClickHouse since ${FROM}: it has not answered yet`]);
    waiting.end();
    expect(said[1]).toBe('waits for ClickHouse no more, after 5.0 s');
  });

  it('is one wait for all callers, from the first to the last', () => {
    const [first, second] = [waits.expect('ClickHouse', ''), waits.expect('ClickHouse', '')];
    first.because('it refuses');
    second.because('it refuses');
    jest.advanceTimersByTime(3000);
    first.end();
    expect(waits.current()).toHaveLength(1);
    second.end();
    second.end();
    expect(said).toHaveLength(2);
  });

  it('says another reason too, but not for ever', () => {
    const waiting = waits.begin('ClickHouse', 'reason 0', Date.now());
    jest.advanceTimersByTime(3000);
    for (let reason = 0; reason < 20; reason++) waiting.because(`reason ${reason % 10}`);
    expect(said).toHaveLength(5);
    expect(said[4]).toContain('reason 4');
  });

  it('moves to whom it turns out to be waiting for', () => {
    const waiting = waits.expect('Kafka or ClickHouse', 'slow');
    jest.advanceTimersByTime(6000);
    waiting.because('Kafka refuses', 'Kafka');
    expect(waits.current()).toMatchObject([{ on: 'Kafka', since: SINCE }]);
    jest.advanceTimersByTime(3000);
    waiting.end();
    expect(said).toEqual([
      `waits for Kafka or ClickHouse since ${FROM}: slow`,
      'waits for Kafka or ClickHouse no more, after 6.0 s',
      `waits for Kafka since ${FROM}: Kafka refuses`,
      'waits for Kafka no more, after 9.0 s',
    ]);
  });
});
