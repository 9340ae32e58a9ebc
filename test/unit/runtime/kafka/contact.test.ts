import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Contact } from '../../../../runtime/kafka/contact.ts';
import { Waits } from '../../../../runtime/process/waits.ts';

const BEGIN = Date.parse('2026-01-31T12:00:00Z');
const silent = { info: () => undefined, warn: () => undefined };

let waits: Waits;
let contact: Contact;

beforeEach(() => {
  jest.useFakeTimers({ now: BEGIN });
  waits = new Waits({ logger: silent, now: Date.now });
  contact = new Contact({ waits, now: Date.now, brokers: ['a:1', 'b:2'], silentMs: 5000 });
  contact.start();
});

afterEach(() => {
  contact.stop();
  jest.useRealTimers();
});

describe('the contact with the brokers', () => {
  it('is no wait as long as they answer', () => {
    for (let s = 0; s < 60; s++) {
      jest.advanceTimersByTime(1000);
      contact.answered();
    }
    expect(waits.current()).toEqual([]);
  });

  it('is one since the last answer, until the next', () => {
    contact.failed('connect ECONNREFUSED a:1');
    jest.advanceTimersByTime(20_000);
    expect(waits.current()).toEqual([
      {
        on: 'Kafka',
        sentence: 'Kafka does not answer at a:1, b:2: connect ECONNREFUSED a:1',
        since: BEGIN,
        isTrouble: true,
      },
    ]);
    contact.answered();
    expect(waits.current()).toEqual([]);
  });

  it('is not lost because a broker of several is away', () => {
    for (let s = 0; s < 20; s++) {
      contact.failed('connect ECONNREFUSED a:1');
      jest.advanceTimersByTime(1000);
      contact.answered();
    }
    expect(waits.current()).toEqual([]);
  });

  it('waits for the other members while the group rebalances, not for Kafka', () => {
    contact.joining(true);
    jest.advanceTimersByTime(10_000);
    expect(waits.current()).toMatchObject([{ on: 'partitions' }]);
    contact.failed('connect ECONNREFUSED a:1');
    jest.advanceTimersByTime(1000);
    expect(waits.current()).toMatchObject([{ on: 'Kafka' }]);
    contact.joining(false);
    expect(waits.current()).toEqual([]);
  });

  it('is not doubted because the process itself was stopped', () => {
    contact.answered();
    jest.setSystemTime(BEGIN + 60_000);
    jest.advanceTimersByTime(1000);
    expect(waits.current()).toEqual([]);
  });
});
