import { describe, expect, it } from '@jest/globals';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { FOLDED_TYPE, hasSoundNumbers } from '../../schemas/coupon_order/folded.ts';
import {
  canonicalProps,
  createSchemas,
  encodeEvent,
  eventId,
  eventIdOf,
  eventIdText,
  LATEST,
  parseReport,
  withinBounds,
  type FoldedValue,
} from '../../schemas/index.ts';
import { arbitraryEvent, arbitraryReport, eventOf, type Report } from '../arbitrary/event.ts';
import { variantsOf } from '../arbitrary/variants.ts';

// The package's types say that it is an ES module, which it is not.
const canonicalize = createRequire(import.meta.url)('canonicalize') as (value: unknown) => string;
const schemas = createSchemas();
/** Ends a failing property, too: shrinking a whole report takes long. */
const SEED = { seed: 20_190_613, interruptAfterTimeLimit: 20_000 };

describe('any valid event', () => {
  it('is the same after encoding and decoding', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        expect(schemas.decodeEvent(LATEST.id, encodeEvent(event))).toEqual({ ok: true, value: event });
      }),
      SEED,
    );
  });

  it('is folded from what was encoded', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        const folded = schemas.decodeFolded(LATEST.id, encodeEvent(event));
        expect(folded).toMatchObject({ ok: true });
        expect(folded.ok && folded.value).toEqual({
          event_id: event.event_id,
          coupon: event.coupon,
          coupon_info: event.coupon_info,
          time: event.time,
          wx_user: { app_id: event.wx_user.app_id, open_id: event.wx_user.open_id },
          chan: {
            chan_wxapp_scene: event.chan.chan_wxapp_scene,
            chan_id: event.chan.chan_id,
            chan_shop_id: event.chan.chan_shop_id,
          },
        });
      }),
      SEED,
    );
  });

  it('is within the bounds that its rules ask for, and has its id from its content', () => {
    fc.assert(
      fc.property(arbitraryEvent(), (event) => {
        expect(withinBounds(event)).toBe(true);
        expect(eventId(event)).toEqual(event.event_id);
        expect(eventIdOf(eventIdText(event.event_id))).toEqual(event.event_id);
        expect(eventIdText(event.event_id)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
      SEED,
    );
  });
});

describe('any report', () => {
  it('has one id in all its forms', () => {
    fc.assert(
      fc.property(arbitraryReport(), (report) => {
        const id = eventIdText(eventOf(report).event_id);
        for (const [form, variant] of Object.entries(variantsOf(report))) {
          expect([form, eventIdText(eventOf(variant).event_id)]).toEqual([form, id]);
        }
      }),
      SEED,
    );
  });

  it('makes its id from RFC 8785 text, as another implementation writes it', () => {
    fc.assert(
      fc.property(arbitraryReport(), (report) => {
        expect(canonicalProps(eventOf(report))).toBe(canonicalize(propsByTheBook(report)));
      }),
      SEED,
    );
  });

  it('has another id when a fact differs', () => {
    fc.assert(
      fc.property(arbitraryEvent(), fc.constantFrom('page', 'time', 'scene', 'coupon'), (event, fact) => {
        const { coupon_info, chan } = event;
        const changed = {
          page: { ...event, page: `${event.page}?` },
          time: { ...event, time: event.time + 1 },
          scene: { ...event, chan: { ...chan, chan_wxapp_scene: chan.chan_wxapp_scene ^ 1 } },
          coupon: { ...event, coupon_info: [...coupon_info, { coupon_id: 'one more' }] },
        }[fact];
        expect(eventId(changed)).not.toEqual(event.event_id);
      }),
      SEED,
    );
  });
});

/** The normalised props, made from the report by the definition alone. */
function propsByTheBook({ props }: Report): unknown {
  const { coupon, order, ...others } = props;
  const facts = (coupon ?? order) as Record<string, unknown>;
  const normal = {
    ...facts,
    order_time: Number(facts['order_time']),
    pay_amt: Math.round(Number(facts['pay_amt']) * 100),
  };
  const drop = new Set([
    'log_id',
    'from',
    'tracking_id',
    'idenTifier',
    'system_info',
    'framework_info',
    'sr_sdk_version',
  ]);
  const kept = Object.entries({ ...others, coupon: normal, time: Number(props['time']) });
  return withoutNulls(Object.fromEntries(kept.filter(([key]) => !drop.has(key))));
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, withoutNulls(member)]));
}

describe('any input', () => {
  const anything = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
    fc.jsonValue(),
    fc.record({ type: fc.constant('coupon_order'), props: fc.jsonValue() }),
  );

  it('is an event or a list of violations, never an accident', () => {
    fc.assert(
      fc.property(anything, (input) => {
        const parsed = parseReport(input);
        if (!parsed.ok) expect(parsed.violations.length).toBeGreaterThan(0);
      }),
      { ...SEED, numRuns: 500 },
    );
  });

  it('put in the place of any property makes a valid event or violations at that place', () => {
    fc.assert(
      fc.property(arbitraryReport(), anything, fc.nat(), (report, value, place) => {
        const keys = [
          'coupon',
          'coupon_info',
          'page',
          'time',
          'wx_user',
          'chan',
          'component',
          'page_title',
          'more',
        ];
        const key = keys[place % keys.length] ?? '';
        const { order, ...props } = report.props;
        const parsed = parseReport({
          type: 'coupon_order',
          props: { coupon: order, ...props, [key]: value },
        });
        if (parsed.ok) return;
        for (const { path } of parsed.violations) expect(path.startsWith(`props.${key}`)).toBe(true);
      }),
      { ...SEED, numRuns: 500 },
    );
  });
});

const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 });

/** `value` with bytes of its body replaced. */
function damaged(value: Buffer, bytes: readonly (readonly [number, number])[]): Buffer {
  for (const [at, byte] of bytes) value[5 + (at % (value.length - 5))] = byte;
  return value;
}

describe('any damaged value', () => {
  it('that is truncated is refused', () => {
    fc.assert(
      fc.property(
        arbitraryEvent(),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (event, part) => {
          const value = encodeEvent(event);
          const cut = value.subarray(0, Math.floor(part * value.length));
          expect(schemas.decodeFolded(LATEST.id, cut).ok).toBe(false);
          expect(schemas.decodeEvent(LATEST.id, cut).ok).toBe(false);
        },
      ),
      { ...SEED, numRuns: 500 },
    );
  });

  it('that is longer than its body is refused', () => {
    fc.assert(
      fc.property(arbitraryEvent(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (event, more) => {
        const longer = Buffer.concat([encodeEvent(event), more]);
        expect(schemas.decodeFolded(LATEST.id, longer)).toEqual({ ok: false, reason: 'malformed' });
      }),
      SEED,
    );
  });

  it('ends in an answer, and what passes as folded passes as an event or has damaged text', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(arbitraryEvent(), damage, (event, bytes) => {
        const value = damaged(encodeEvent(event), bytes);
        const folded = schemas.decodeFolded(LATEST.id, value);
        const whole = schemas.decodeEvent(LATEST.id, value);
        if (folded.ok && !whole.ok) expect(whole.reason).toBe('damaged_text');
        if (whole.ok) expect(folded.ok).toBe(true);
      }),
      { ...SEED, numRuns: 1000 },
    );
  });

  it('is folded as its schema says, whichever way it is read', () => {
    const resolver = FOLDED_TYPE.createResolver(LATEST.type);
    const bySchema = (value: Buffer): unknown => {
      try {
        const folded = FOLDED_TYPE.fromBuffer(value.subarray(5), resolver) as FoldedValue;
        return hasSoundNumbers(folded) ? folded : undefined;
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(arbitraryEvent(), damage, (event, bytes) => {
        const value = damaged(encodeEvent(event), bytes);
        const folded = schemas.decodeFolded(LATEST.id, value);
        if (folded.ok || folded.reason === 'malformed') {
          expect(folded.ok ? folded.value : undefined).toEqual(bySchema(value));
        }
      }),
      { ...SEED, numRuns: 1000 },
    );
  });

  it('of random bytes ends in an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(typeof schemas.decodeFolded(LATEST.id, Buffer.from(bytes), 0).ok).toBe('boolean');
        expect(typeof schemas.decodeEvent(LATEST.id, Buffer.from(bytes), 0).ok).toBe('boolean');
      }),
      { ...SEED, numRuns: 1000 },
    );
  });
});
