import { describe, expect, it } from '@jest/globals';

import { LetterTallies } from '../../../cli/dlq/list.ts';
import { keptLetter, placeText } from '../../../cli/dlq/letters.ts';
import { shownLetter, shownText } from '../../../cli/dlq/show.ts';
import { listText, redriveText } from '../../../cli/dlq/text.ts';
import { deadLetterRecord } from '../../../runtime/kafka/dead-letters.ts';
import { createSchemas } from '../../../schemas/index.ts';

const NOON = Date.UTC(2026, 0, 31, 12);
const LOG = { group: 'orders', generation: 2 };

const kept = (offset: number, reason: string, value = Buffer.from('no Avro')) => {
  const origin = { topic: 't', generation: 1, partition: 3, offset: 100 + offset, time: NOON };
  const headers = { trace: [Buffer.from('a'), Buffer.from([0xff])] };
  const letter = { group: 'orders', reason, at: NOON, origin, key: Buffer.from('wx:O1'), value, headers };
  const { key, headers: written = {} } = deadLetterRecord(letter);
  const record = { partition: 0, offset, time: NOON + offset * 1000, key, value, headers: written };
  return keptLetter(record, LOG);
};

describe('the list of dead letters', () => {
  it('counts by reason, the most frequent first, and says since when, and what was redriven', () => {
    const tallies = new LetterTallies();
    const redriven = new Map([
      [placeText({ generation: 1, partition: 3, offset: 101 }), { count: 1, at: NOON }],
    ]);
    for (const letter of [kept(0, 'not_framed'), kept(1, 'misrouted'), kept(2, 'misrouted')])
      tallies.add(letter, redriven);
    expect(listText([tallies.counts('orders', 'dlq')])).toBe(
      'orders: 3 dead letters, 1 of them redriven (dlq)\n' +
        '  2 misrouted, 1 redriven: on another partition than its order belongs to; a sender partitions differently\n' +
        '      from 2026-01-31T12:00:01.000Z to 2026-01-31T12:00:02.000Z; the last is 0:2\n' +
        '  1 not_framed: bytes that are not Avro in Confluent framing\n' +
        '      from 2026-01-31T12:00:00.000Z to 2026-01-31T12:00:00.000Z; the last is 0:0\n',
    );
  });

  it('says what to do when there are none, or no topics', () => {
    expect(listText([new LetterTallies().counts('orders', 'dlq')])).toBe('orders: none (dlq)\n');
    expect(listText([])).toContain('run kaquan migrate');
  });
});

describe('one dead letter', () => {
  it('is shown whole, bytes that are no text as base64', () => {
    const text = shownText(
      shownLetter(kept(0, 'not_framed', Buffer.from([0xff, 0])), undefined, createSchemas()),
    );
    expect(text).toContain('reason    not_framed: bytes that are not Avro in Confluent framing\n');
    expect(text).toContain(
      'from      t (generation 1), partition 3, offset 100, of 2026-01-31T12:00:00.000Z\n',
    );
    expect(text).toContain('header    trace: a | base64 /w==\n');
    expect(text).toContain('key       wx:O1\n');
    expect(text).toContain('redriven  no\n');
    expect(text).toContain('value     2 bytes\nbase64 /wA=\n');
  });

  it('that somebody else put there is named by its own place', () => {
    const record = { partition: 0, offset: 9, time: NOON, key: null, value: null, headers: {} };
    expect(keptLetter(record, LOG)).toMatchObject({
      id: '0:9',
      place: { generation: 2, partition: 0, offset: 9 },
      letter: { group: 'orders', reason: 'no_dead_letter' },
    });
  });
});

it('a redrive says what it did, what was done before, and what stays where it is', () => {
  const redrive = {
    group: 'orders',
    redriven: 1,
    redriven_by_reason: { misrouted: 1 },
    before: 1200,
    kept: { 'it is no JSON': 2 },
  };
  expect(redriveText({ ...redrive, dry_run: false })).toBe(
    'redrove 1 dead letter of orders\n  1 misrouted\nredriven before, and left alone: 1,200\nleft where they are: 2, it is no JSON\n',
  );
  expect(redriveText({ ...redrive, dry_run: true })).toContain('would redrive 1 dead letter of orders\n');
});
