import { describe, expect, it } from '@jest/globals';

import type { MemberReading } from '../../../cli/status/members.ts';
import type { GroupReading } from '../../../cli/status/readings.ts';
import { reportOf, type Gathered } from '../../../cli/status/report.ts';
import { asText } from '../../../cli/status/text.ts';
import { percent } from '../../../cli/status/wording.ts';
import type { GroupLag } from '../../../runtime/kafka/lag.ts';
import type { MemberReport } from '../../../runtime/kafka/member-service.ts';
import { duration } from '../../../runtime/process/duration.ts';

const partition = (n: number, committed: number, end: number) => ({
  partition: n,
  start: 0,
  end,
  committed,
  records: end - committed,
});

const consumer = (over: Partial<MemberReading> = {}): MemberReading => ({
  name: 'host:1',
  url: undefined,
  report: undefined,
  problem: undefined,
  ...over,
});

const reading = (lag: GroupLag, consumers: number, over: Partial<GroupReading> = {}): GroupReading => ({
  lag,
  isRebalancing: false,
  committedAt: undefined,
  members: Array.from({ length: consumers }, () => consumer()),
  ...over,
});

const gathered = (over: Partial<Gathered> = {}): Gathered => ({
  at: new Date('2026-01-31T12:00:00Z'),
  topic: 'coupon_order.v1',
  groups: [{ group: 'orders', dlq: 'coupon_order.v1.dlq.orders' }],
  kafka: {
    ok: true,
    value: new Map([['orders', reading({ partitions: [partition(0, 10, 10)], records: 0, seconds: 0 }, 1)]]),
  },
  store: { ok: true, value: { deadLetters: [], skips: [], freshness: { events: 9, p50: 300, p99: 800 } } },
  ...over,
});

const lagging = (records: number, seconds: number): GroupLag => ({
  partitions: [partition(0, 0, records), partition(1, 5, 5)],
  records,
  seconds,
});

const behind = (
  records: number,
  seconds: number,
  consumers: number,
  over: Partial<GroupReading> = {},
): Partial<Gathered> => ({
  kafka: { ok: true, value: new Map([['orders', reading(lagging(records, seconds), consumers, over)]]) },
});

const text = (over?: Partial<Gathered>, partitions = false): string =>
  asText(reportOf(gathered(over)), partitions);

describe('kaquan status', () => {
  it('is short when all is well', () => {
    expect(text()).toBe(
      'All is well.\n' +
        'group orders, topic coupon_order.v1\n' +
        '  lag          0 events, 0.0 s, 1 consuming. Up to date.\n' +
        '  dead letters None.\n' +
        'freshness      p50 0.3 s, p99 0.8 s in the last minute. Fresh.\n',
    );
    expect(reportOf(gathered()).well).toBe(true);
  });

  it('lets a group rest that nobody asked for, until somebody consumes', () => {
    const lag = { partitions: [partition(0, 0, 10)], records: 10, seconds: 99 };
    const over = (consumers: number): Partial<Gathered> => ({
      groups: [{ group: 'report', dlq: 'coupon_order.v1.dlq.report', unused: 'Not used.' }],
      kafka: { ok: true, value: new Map([['report', reading(lag, consumers)]]) },
    });
    expect(text(over(0))).toContain('10 events, 99 s, 0 consuming. Not used.');
    expect(reportOf(gathered(over(0))).well).toBe(true);
    expect(reportOf(gathered(over(1))).well).toBe(false);
  });

  it.each([
    [
      'nobody consumes',
      behind(1200, 90, 0),
      'Nobody consumes, 1,200 events (90 s) behind: start kaquan consume orders.',
    ],
    [
      'nobody consumes what is yet to come',
      behind(0, 0, 0),
      'Up to date, but nobody consumes: start kaquan consume orders.',
    ],
    ['a consumer keeps up', behind(40, 0.6, 1), 'Working, 40 events (0.6 s) behind.'],
    [
      'one consumer is too few',
      behind(90_000, 600, 1),
      'another kaquan consume orders shares the work (1 of at most 2 run).',
    ],
    [
      'more consumers would not help',
      behind(90_000, 600, 2),
      'every partition has its consumer; their logs say',
    ],
    [
      'there is no topic',
      { kafka: { ok: true, value: new Map() } } as const,
      'There is no topic yet: run kaquan migrate.',
    ],
  ])('says what to do when %s', (_, over, sentence) => {
    expect(text(over)).toContain(sentence);
  });

  it('counts dead letters by reason, says what each means, and where they are', () => {
    const deadLetters = [
      { group: 'orders', reason: 'misrouted', count: 1200 },
      { group: 'orders', reason: 'not_yet_known', count: 1 },
      { group: 'report', reason: 'misrouted', count: 7 },
    ];
    const over = { store: { ok: true, value: { deadLetters, skips: [], freshness: null } } } as const;
    expect(text(over)).toContain(
      '  dead letters 1,201. They are kept whole on the topic coupon_order.v1.dlq.orders: see kaquan dlq list, and kaquan dlq redrive once mended.\n' +
        '    1,200 misrouted: on another partition than its order belongs to; a sender partitions differently\n' +
        '    1 not_yet_known\n',
    );
    expect(text(over)).toContain('Idle: nothing was stored in the last minute.');
    expect(reportOf(gathered(over)).groups[0]?.deadLetters).toMatchObject({
      well: false,
      total: 1201,
      reasons: { misrouted: 1200, not_yet_known: 1 },
    });
  });

  it('counts what was skipped by reason', () => {
    const skips = [{ group: 'orders', reason: 'no_record', count: 2000 }];
    const over = { store: { ok: true, value: { deadLetters: [], skips, freshness: null } } } as const;
    expect(text(over)).toMatch(/^ {2}skipped {6}2,000\.\n {4}2,000 no_record/m);
  });

  it('shows each partition when asked', () => {
    expect(text(behind(40, 1, 1), true)).toContain('partition 0: 40 behind (committed 0, log 0 to 40)');
    expect(text(behind(40, 1, 1))).not.toContain('partition 0');
  });

  it('shows what it could read when a part is away', () => {
    const report = reportOf(gathered({ store: { ok: false, problem: 'ClickHouse does not answer.' } }));
    expect(asText(report, false)).toBe(
      'ClickHouse does not answer. Groups wait for it, and lose nothing.\n' +
        'ClickHouse   ClickHouse does not answer.\n' +
        'group orders, topic coupon_order.v1\n' +
        '  lag          0 events, 0.0 s, 1 consuming. Up to date.\n',
    );
    expect(report).toMatchObject({
      well: false,
      problems: { kafka: null, clickhouse: 'ClickHouse does not answer.' },
    });
  });
});

const AT = Date.parse('2026-01-31T12:00:00Z');

const report = (over: Partial<MemberReport> = {}): MemberReport => ({
  group: 'orders',
  startedAt: AT - 7_200_000,
  alive: { ok: true, sentence: 'It moves.' },
  waits: [],
  partitions: [],
  rebalancesLastHour: 3,
  ...over,
});

const wait = {
  on: 'ClickHouse',
  sentence: 'ClickHouse refuses with UNKNOWN_TABLE',
  since: AT - 180_000,
  isTrouble: true,
};

describe('the verdict', () => {
  const verdict = (over: Partial<GroupReading>, consumers = 1): string =>
    reportOf(gathered(behind(1200, 90, consumers, over))).verdict;

  it('tells what a group waits for, and that it goes on by itself', () => {
    const members = [consumer({ report: report({ waits: [wait] }) })];
    expect(verdict({ members })).toBe(
      'orders: It waits for ClickHouse for 3 min: ClickHouse refuses with UNKNOWN_TABLE. ' +
        'Mend that; it then goes on by itself, and nothing is lost.',
    );
    expect(text(behind(1200, 90, 1, { members, committedAt: AT - 200_000 }))).toContain(
      '  committed    3 min ago\n' +
        '  rebalances   3 since 2026-01-31T11:00:00.000Z\n' +
        '  waits        for ClickHouse since 2026-01-31T11:57:00.000Z, 3 min: ClickHouse refuses with UNKNOWN_TABLE (host:1)\n',
    );
  });

  it.each<[string, Partial<GroupReading>, RegExp]>([
    [
      'a wait that is hardly one is none',
      { members: [consumer({ report: report({ waits: [{ ...wait, since: AT - 1000 }] }) })] },
      /^orders: Catching up/,
    ],
    [
      'a consumer that moves nothing',
      { members: [consumer({ report: report({ alive: { ok: false, sentence: 'Start it again.' } }) })] },
      /^orders: Start it again\. \(host:1\)$/,
    ],
    [
      'a consumer that is frozen',
      { members: [consumer({ problem: 'It does not answer at http://a:1.' })] },
      /^orders: It does not answer at http:\/\/a:1\. Start it again \(host:1\)\.$/,
    ],
    [
      'an old commit of one that can not be asked',
      { committedAt: AT - 90_000 },
      /^orders: 1 consume, but nothing was committed for 90 s: .*ORDERS_LISTEN/,
    ],
    [
      'a group that can not be distributed',
      { committedAt: AT - 90_000, isRebalancing: true },
      /^orders: It has been distributing its partitions, and committed nothing for 90 s/,
    ],
  ])('tells of %s', (_, over, sentence) => expect(verdict(over)).toMatch(sentence));

  it('tells of nobody, of dead letters, and of late figures', () => {
    expect(verdict({}, 0)).toMatch(/^orders: Nobody consumes, 1,200 events/);
    expect(reportOf(gathered(behind(0, 0, 0))).verdict).toMatch(/^orders: Up to date, but nobody consumes/);
    const store = (count: number) =>
      ({
        ok: true,
        value: {
          deadLetters: count === 0 ? [] : [{ group: 'orders', reason: 'misrouted', count }],
          skips: [],
          freshness: { events: 1, p50: 100, p99: 60_000 },
        },
      }) as const;
    expect(reportOf(gathered({ store: store(1) })).verdict).toMatch(/^orders: 1 dead letter\. They are kept/);
    expect(reportOf(gathered({ store: store(0) })).verdict).toMatch(/^The figures are late: a group/);
  });

  it('names the rebuild that keeps consumers away, since when, and what to do, and asks for no consumer', () => {
    const hold = { number: 3, step: 'exchange', groups: ['orders'], since: AT - 120_000 } as const;
    const store = { ok: true, value: { deadLetters: [], skips: [], freshness: null, hold } } as const;
    const held = { ...behind(1200, 90, 0), store };
    expect(reportOf(gathered(held))).toMatchObject({
      well: false,
      verdict:
        'orders: Its consumers stay away since 2026-01-31T11:58:00.000Z, 2 min: rebuild 3 exchanges the tables. ' +
        'Wait for it; if nobody runs it any more, run kaquan rebuild orders again, which finishes or releases it.',
      groups: [{ held: { rebuild: 3, since: '2026-01-31T11:58:00.000Z', seconds: 120 } }],
    });
    expect(text(held)).toContain(
      '  lag          1,200 events, 90 s, 0 consuming. Its consumers stay away.\n' +
        '  held         since 2026-01-31T11:58:00.000Z, 2 min: rebuild 3 exchanges the tables\n',
    );
    const ofAnother = { ...store, value: { ...store.value, hold: { ...hold, groups: ['report'] } } };
    expect(reportOf(gathered({ ...behind(1200, 90, 0), store: ofAnother })).verdict).toMatch(
      /^orders: Nobody/,
    );
  });

  it('shows what a consumer says while Kafka is away', () => {
    const over = {
      kafka: { ok: false, problem: 'Kafka does not answer.' },
      strays: new Map([['orders', [consumer({ report: report({ waits: [{ ...wait, on: 'Kafka' }] }) })]]]),
    } as const;
    expect(text(over)).toMatch(/^Kafka does not answer\.\n[^]* {2}waits {8}for Kafka since/);
  });
});

describe('figures in words', () => {
  it.each([
    [0, '0.0 s'],
    [440, '0.4 s'],
    [9949, '9.9 s'],
    [9951, '10 s'],
    [600_000, '10 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 days'],
  ])('%d ms is %s', (ms, words) => expect(duration(ms)).toBe(words));

  it('a rate without a denominator is a dash, never 0', () => {
    expect(percent(null)).toBe('–');
    expect(percent(0.1234)).toBe('12.3 %');
  });
});
