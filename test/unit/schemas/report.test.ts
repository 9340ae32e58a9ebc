import { describe, expect, it } from '@jest/globals';
import { parseReport, type ReportOptions } from '../../../schemas/index.ts';
import { eventOf, type Report } from '../../arbitrary/event.ts';
import { invalidExamples, validExamples } from './example-files.ts';

const MINIMAL = new Map(validExamples()).get('minimal');
const minimal = (): Report => structuredClone(MINIMAL) as Report;

/** The minimal report with members of its props replaced. */
const withProps = (members: Record<string, unknown>): Report => ({
  type: 'coupon_order',
  props: { ...minimal().props, ...members },
});

const coupon = (members: Record<string, unknown>) =>
  withProps({ coupon: { ...(minimal().props['coupon'] as object), ...members } });

const rulesOf = (input: unknown, options?: ReportOptions): string[] => {
  const parsed = parseReport(input, options);
  return parsed.ok ? [] : parsed.violations.map(({ path, rule }) => `${path} ${rule}`);
};

describe('amounts', () => {
  it.each([
    ['9.00', 900],
    ['9', 900],
    ['09.5', 950],
    ['9.100000', 910],
    ['0', 0],
    [-0, 0],
    [0.07, 7],
    [1.1, 110],
    [4.35, 435],
    [1.005e2, 10_050],
    [99_999_999_999.99, 9_999_999_999_999],
    ['100000000000', 10_000_000_000_000],
    [`${'0'.repeat(20)}1`, 100],
  ])('%p yuan are %p fen', (yuan, fen) => {
    expect(eventOf(coupon({ pay_amt: yuan })).coupon.pay_amt).toBe(fen);
  });

  it.each([
    ['9.', 'R6'],
    ['.5', 'R6'],
    [' 9', 'R6'],
    ['9,00', 'R6'],
    ['1e2', 'R6'],
    ['-0', 'R6'],
    ['٩', 'R6'],
    [Number.NaN, 'R6'],
    [0.1 + 0.2, 'R6'],
    [-1, 'R6'],
    [-1e21, 'R6'],
    [1e21, 'bounds'],
    ['1'.repeat(40), 'bounds'],
    [Number.POSITIVE_INFINITY, 'R6'],
    [null, 'R3'],
    [9n, 'R6'],
    [[9], 'R6'],
  ])('%p yuan break %s', (yuan, rule) => {
    expect(rulesOf(coupon({ pay_amt: yuan }))).toEqual([`props.coupon.pay_amt ${rule}`]);
  });

  it('of every number of fen up to 1,000 yuan are exact as JSON numbers', () => {
    const wrong: number[] = [];
    for (let fen = 0; fen <= 100_000; fen += 7) {
      if (eventOf(coupon({ pay_amt: fen / 100 })).coupon.pay_amt !== fen) wrong.push(fen);
    }
    expect(wrong).toEqual([]);
  });
});

describe('times', () => {
  it('of 10 digits are refused as seconds', () => {
    const parsed = parseReport(withProps({ time: 1_560_409_473 }));
    expect(parsed.ok || parsed.violations).toEqual([
      {
        path: 'props.time',
        rule: 'R5',
        message: 'must be milliseconds since 1970, 13 digits: these are 10 digits, seconds',
        found: 'number',
      },
    ]);
  });

  it.each(['0560409473714', '1560409473714 ', '+560409473714', 1.5e12 + 0.5, 1e21, -1_560_409_473_714, {}])(
    '%p is none',
    (time) => {
      expect(rulesOf(withProps({ time }))).toEqual(['props.time R5']);
    },
  );
});

describe('statuses of a back-end', () => {
  const mapStatus = (status: string) => ({ PAID: 'payed', BAD: 'nonsense' })[status];

  it('are mapped, under either key, and others stay as they are', () => {
    const status = (order_status: string) => eventOf(coupon({ order_status })).coupon.order_status;
    expect(rulesOf(coupon({ order_status: 'PAID' }))).toEqual(['props.coupon.order_status R4']);
    const parsed = parseReport(coupon({ order_status: 'PAID' }), { mapStatus });
    expect(parsed.ok && parsed.event.coupon.order_status).toBe('payed');
    const { coupon: order, ...props } = coupon({ order_status: 'PAID' }).props;
    const bare = parseReport({ ...props, order }, { mapStatus });
    expect(bare.ok && bare.event.coupon.order_status).toBe('payed');
    expect(status('refund')).toBe('refund');
  });

  it('mapped to none of the six are refused where they lay', () => {
    const parsed = parseReport(coupon({ order_status: 'BAD' }), { mapStatus });
    expect(parsed.ok || parsed.violations).toMatchObject([
      { path: 'props.coupon.order_status', found: 'string(3)' },
    ]);
    expect(rulesOf(coupon({ order_status: 7 }), { mapStatus })).toEqual(['props.coupon.order_status R14']);
  });

  it('leave the input as it was', () => {
    const report = coupon({ order_status: 'PAID' });
    const before = structuredClone(report);
    parseReport(report, { mapStatus });
    expect(report).toEqual(before);
  });
});

describe('chan_custom', () => {
  const hierarchical = { chanCustom: 'hierarchical' } as const;
  const invalid = new Map(invalidExamples());
  const custom = (chan_custom: unknown) => withProps({ chan: { chan_wxapp_scene: 1, chan_custom } });

  it('may stop at a finer level when it is read as a hierarchy', () => {
    expect(rulesOf(invalid.get('R13-finest-level-alone')?.report, hierarchical)).toEqual([]);
  });

  it('must not begin at a coarser level', () => {
    const { report } = invalid.get('R13-coarsest-level-alone') ?? {};
    expect(rulesOf(report, hierarchical)).toEqual(rulesOf(report));
    expect(rulesOf(report)).toHaveLength(6);
  });

  it('must have both parts of each level', () => {
    const place = 'props.chan.chan_custom';
    expect(rulesOf(custom({ chan_custom_id: 'a' }), hierarchical)).toEqual([
      `${place}.chan_custom_id_desc R13`,
    ]);
    expect(rulesOf(custom({ chan_custom_id_desc: 'a' }), hierarchical)).toEqual([
      `${place}.chan_custom_id R13`,
    ]);
    expect(rulesOf(custom({ chan_custom_cat_3_desc: 'a' }), hierarchical)).toHaveLength(3);
  });
});

describe('unknown properties', () => {
  it('called like JavaScript’s own stay ordinary properties', () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"x"}';
    const props = JSON.parse(`${JSON.stringify(minimal().props).slice(0, -1)},${text.slice(1)}`) as unknown;
    expect(eventOf(props).unknown).toBe(text);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('keep a replacement character as its escape, so that it is never taken for damage', () => {
    const event = eventOf(withProps({ note: 'a\ufffdb\\\ufffd' }));
    expect(event.unknown).toBe('{"note":"a\\ufffdb\\\\\\ufffd"}');
    expect(JSON.parse(event.unknown ?? '')).toEqual({ note: 'a\ufffdb\\\ufffd' });
  });

  it('of an order lie under coupon, whatever its key', () => {
    const { coupon: order, ...props } = coupon({ note: 1 }).props;
    expect(eventOf({ ...props, order })).toEqual(eventOf(coupon({ note: 1 })));
    expect(eventOf({ ...props, order }).unknown).toBe('{"coupon":{"note":1}}');
  });

  it.each([
    ['a function', () => 1],
    ['a date', new Date(0)],
    ['a map', new Map()],
    ['a bigint', 1n],
    ['no number', [Number.NaN]],
    ['a hole', [undefined]],
  ])('that are no JSON, such as %s, are refused', (_name, note) => {
    expect(rulesOf(withProps({ note }))).toEqual(['props.note R14']);
    expect(rulesOf(withProps({ component: { note } }))).toEqual(['props.component.note R14']);
  });

  it('with names that are no Unicode are refused', () => {
    expect(rulesOf(withProps({ 'x\ud800': 1 })).map((text) => text.split(' ')[1])).toEqual(['text']);
    expect(rulesOf(withProps({ note: { 'x\ud800': 1 } }))).toEqual(['props.note text']);
  });

  it('that refer to themselves, or grow without bound, are refused', () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(rulesOf(withProps({ circle }))).toEqual(['props.circle bounds']);
    let bomb: unknown = 'x';
    for (let level = 0; level < 60; level += 1) bomb = [bomb, bomb];
    expect(rulesOf(withProps({ bomb }))).toEqual(['props bounds']);
    expect(rulesOf(withProps({ chan: { chan_wxapp_scene: 1, extra: { bomb } } }))).toEqual([
      'props.chan.extra bounds',
    ]);
  });
});

describe('huge inputs', () => {
  it('are refused, not chewed', () => {
    const million = new Array(1_000_000).fill({ coupon_id: '' });
    expect(rulesOf(withProps({ coupon_info: million }))).toEqual(['props.coupon_info bounds']);
    expect(rulesOf(withProps({ page: 'p'.repeat(10_000_000) }))).toEqual(['props.page bounds']);
    expect(rulesOf(withProps({ note: new Array(10_000_000) }))).toEqual(['props bounds']);
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    expect(rulesOf(withProps({ deep }))).toEqual(['props.deep bounds']);
    expect(rulesOf(deep)).toContain('coupon R2');
  });

  it('within all single bounds are refused when the whole would not fit a record', () => {
    const coupon_info = Array.from({ length: 400 }, () => ({ coupon_id: '题'.repeat(1024) }));
    expect(rulesOf(withProps({ coupon_info }))).toEqual(['props bounds']);
    expect(rulesOf(withProps({ coupon_info: coupon_info.slice(0, 200) }))).toEqual([]);
  });
});

describe('an input that is no report', () => {
  it.each([[null], [undefined], [[]], ['{}'], [7]])('%p is refused as such', (input) => {
    const parsed = parseReport(input);
    expect(parsed.ok || parsed.violations.map(({ path }) => path)).toEqual(['']);
  });

  it('is a body as soon as it has type or props', () => {
    expect(rulesOf({ ...minimal().props, type: 'coupon_order' })).toEqual(['props R2']);
    expect(rulesOf({ props: minimal().props })).toEqual(['type R1']);
  });
});
