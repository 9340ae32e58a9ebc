import { describe, expect, it } from '@jest/globals';

import { board, line, type Figures } from '../../../../cli/up/board.ts';

const around = {
  time: '12:00:00',
  timeZone: 'Asia/Shanghai',
  clickhouseUrl: 'http://127.0.0.1:8123',
  analyst: 'analyst',
  dlq: 'coupon_order.v1.dlq.orders',
  logs: '.data/logs',
};

const unknown: Figures = {
  intake: undefined,
  perSecond: undefined,
  paid: undefined,
  rates: undefined,
  freshness: undefined,
  deadLetters: undefined,
  audit: undefined,
  merchant: 'not yet there',
  problem: undefined,
};

const known: Figures = {
  intake: { events: 1_234_567, behind: 41, behindSeconds: 0.4, at: 0 },
  perSecond: 203.4,
  paid: { orders_today: 38_221, amount_today: '3412900.5', orders_lately: 4012, amount_lately: '361204' },
  rates: {
    refundToday: { day: '2026-01-31', rate: 0.031 },
    refundMature: { day: '2026-01-23', rate: 0.0489 },
    cancelToday: { day: '2026-01-31', rate: null },
    cancelYesterday: { day: '2026-01-30', rate: 0.1234 },
  },
  freshness: { events: 12_000, p50: 400, p99: 900 },
  deadLetters: 102,
  audit: {
    clean: true,
    generation: 1,
    places: [],
    unaccounted_offsets: 0,
    orders: { orders: 3, unclaimed: 0, differences: [], truncated: false },
    differences: 0,
    unstarted: [],
  },
  merchant: '200 events/s',
  problem: undefined,
};

describe('the board', () => {
  it('shows each figure with its label', () => {
    const text = board(known, around).join('\n');
    expect(text).toMatch(/paid orders +4,012 +38,221/);
    expect(text).toMatch(/paid amount +¥361,204\.00 +¥3,412,900\.50/);
    expect(text).toMatch(/refund rate +3\.1 % +4\.9 % +paid 2026-01-23, refunded within 7 days/);
    expect(text).toMatch(/cancel rate +– +12\.3 % +placed 2026-01-30/);
    expect(text).toMatch(/events in +1,234,567 +203 \/s/);
    expect(text).toMatch(/lag +41 +0\.4 s/);
    expect(text).toMatch(/freshness +p50 0\.4 s +p99 0\.9 s/);
    expect(text).toMatch(/dead letters +102/);
    expect(text).toContain('audit: Clean: every record below the commits is accounted for');
  });

  it('invents nothing before a figure is known', () => {
    const text = board(unknown, around).join('\n');
    expect(text).not.toMatch(/¥|%|\s0(\s|$)/m);
    expect(text).toMatch(/paid orders +… +…/);
  });

  it('says when nothing was stored lately, and which part does not answer', () => {
    const text = board({ ...known, freshness: null, problem: 'Kafka does not answer.' }, around).join('\n');
    expect(text).toMatch(/freshness +idle$/m);
    expect(text).toContain('  Kafka does not answer.');
  });

  it('is one line where there is no terminal', () => {
    expect(line(known)).toBe(
      'events 1,234,567 (203/s) · paid today 38,221 orders ¥3,412,900.50 · last 5 min 4,012 orders ¥361,204.00 · ' +
        'refund rate today 3.1 %, 2026-01-23 4.9 % within 7 days · cancel rate today – · lag 41 (0.4 s) · ' +
        'freshness p50 0.4 s p99 0.9 s · dead letters 102 · audit clean · merchant 200 events/s',
    );
  });
});
