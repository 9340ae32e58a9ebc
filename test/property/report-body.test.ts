import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { bodyV1 } from '../../domain/report/body-v1.ts';
import { DEFAULT_FORM, reportBody, type BodyForm, type Report as Read } from '../../domain/report/body.ts';
import { reportReader } from '../../domain/report/reports.ts';
import {
  createSchemas,
  encodeEvent,
  JsonWriter,
  LATEST,
  type CouponOrderEvent,
  type Decoded,
} from '../../schemas/index.ts';
import { arbitraryReport, eventOf, type Report } from '../arbitrary/event.ts';

const schemas = createSchemas();

/** As the sink reads it: from the bytes in Kafka. */
function stored(report: Report): CouponOrderEvent {
  const decoded = schemas.decodeEvent(LATEST.id, encodeEvent(eventOf(report)));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

type Members = Record<string, unknown>;
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without the members of objects that are null or undefined, at every depth of what the specification nests. */
function filled(value: unknown, path: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((element) => filled(element, path));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member != null)
      .map(([name, member]) => [name, filled(member, [...path, name])]),
  );
}

/** What must come out: the same properties under the form's key, with its times and amounts. */
function expected(report: Report, { key, times, amounts }: BodyForm): unknown {
  const { coupon, order, time, ...props } = report.props;
  const facts = (coupon ?? order) as Members;
  const inTime = (value: unknown) => (times === 'text' ? String(value) : Number(value));
  const yuan = Number(facts['pay_amt']);
  const { type, from, tracking_id } = report;
  return filled({
    type,
    from,
    tracking_id,
    props: {
      ...props,
      time: inTime(time),
      [key]: {
        ...facts,
        order_time: inTime(facts['order_time']),
        pay_amt: amounts === 'text' ? yuan.toFixed(2) : yuan,
      },
    },
  });
}

const FORMS = fc.record<BodyForm>({
  key: fc.constantFrom('coupon', 'order'),
  times: fc.constantFrom('text', 'number'),
  amounts: fc.constantFrom('text', 'number'),
});

/** JSON without the nulls that mean nothing; `__proto__` stays a member. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

const minimal: Report = {
  type: 'coupon_order',
  props: {
    order: {
      order_id: 'o',
      order_time: 1560409473714,
      order_status: 'payed',
      coupon_batch_id: 'b',
      pay_amt: 9,
    },
    coupon_info: [{ coupon_id: 'c' }],
    page: 'p',
    time: 1560409473715,
    wx_user: { app_id: 'wx', open_id: 'u' },
    chan: { chan_wxapp_scene: 1037 },
  },
};

describe('the body of an event', () => {
  it('has every property of the report it came in, and no other', () => {
    fc.assert(
      fc.property(arbitraryReport(), FORMS, (report, form) => {
        const body: unknown = JSON.parse(reportBody(stored(report), form));
        expect(canonical(filled(body))).toBe(canonical(expected(report, form)));
      }),
      { numRuns: 500 },
    );
  });

  it('is the same event again', () => {
    fc.assert(
      fc.property(arbitraryReport(), FORMS, (report, form) => {
        const event = stored(report);
        expect(eventOf(JSON.parse(reportBody(event, form)))).toEqual(event);
      }),
      { numRuns: 300 },
    );
  });

  it('has the key coupon, 13-digit strings and two decimals unless told', () => {
    expect(JSON.parse(reportBody(stored(minimal), DEFAULT_FORM))).toMatchObject({
      props: {
        coupon: { order_time: '1560409473714', pay_amt: '9.00' },
        time: '1560409473715',
        chan: { chan_wxapp_scene: 1037 },
      },
    });
  });
});

/** As if no schema had the layout of v1. */
const bySchema = (form: BodyForm) => reportReader({ ...schemas, loaded: () => undefined }, form);

/** Comparable: the order of members means nothing. */
const comparable = (read: Decoded<Read>): unknown =>
  read.ok ? { ...read.value, body: canonical(JSON.parse(read.value.body.toString())) } : read;

const SEED = { seed: 20_190_613, interruptAfterTimeLimit: 20_000 };

describe('a body that is written from the bytes of a value', () => {
  it('is, byte for byte, the body of the event', () => {
    fc.assert(
      fc.property(arbitraryReport(), FORMS, (report, form) => {
        const event = { ...stored(report), unknown: null };
        const read = bodyV1(form)(encodeEvent(event));
        expect(read?.body.toString()).toBe(reportBody(event, form));
      }),
      { ...SEED, numRuns: 500 },
    );
  });

  it('has every unknown property', () => {
    fc.assert(
      fc.property(arbitraryReport(), FORMS, (report, form) => {
        const value = encodeEvent(stored(report));
        const read = reportReader(schemas, form)(LATEST.id, value);
        expect(read.ok).toBe(true);
        expect(comparable(read)).toEqual(comparable(bySchema(form)(LATEST.id, value)));
      }),
      { ...SEED, numRuns: 500 },
    );
  });

  it('stays as it was when the next ones are written, however many and long', () => {
    const read = bodyV1(DEFAULT_FORM);
    const events = Array.from({ length: 300 }, (_, index) => ({
      ...stored(minimal),
      page: `${index}"`.repeat(index === 200 ? 100_000 : 900),
    }));
    const bodies = events.map((event) => read(encodeEvent(event))?.body);
    expect(bodies.map(String)).toEqual(events.map((event) => reportBody(event, DEFAULT_FORM)));
  });

  it.each(['', '5', '"text"', '[1]', '{', '{}', 'null'])(
    'has no JSON but JSON: an extra or unknown of %j',
    (text) => {
      const { chan, ...event } = stored(minimal);
      for (const odd of [
        { ...event, chan: { ...chan, extra: text } },
        { ...event, chan, unknown: text },
      ]) {
        const value = encodeEvent(odd);
        const read = reportReader(schemas, DEFAULT_FORM)(LATEST.id, value);
        expect(comparable(read)).toEqual(comparable(bySchema(DEFAULT_FORM)(LATEST.id, value)));
        if (!['', '{'].includes(text)) continue;
        expect(read).toEqual({ ok: false, reason: 'malformed' });
      }
    },
  );

  it('is refused as its schema says when its bytes are damaged', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(arbitraryReport(), damage, FORMS, (report, bytes, form) => {
        const value = encodeEvent(stored(report));
        for (const [at, byte] of bytes) value[5 + (at % (value.length - 5))] = byte;
        const read = reportReader(schemas, form)(LATEST.id, value);
        expect(comparable(read)).toEqual(comparable(bySchema(form)(LATEST.id, value)));
      }),
      { ...SEED, numRuns: 3000 },
    );
  });
});

it('numbers are written as JSON has them', () => {
  const writer = new JsonWriter();
  const edges = [0, 9, 10, 1e8 - 1, 1e8, 1e8 + 1, 1e13, Number.MAX_SAFE_INTEGER, -1, 2 ** 60, 0.5];
  const number = fc.oneof(fc.constantFrom(...edges), fc.maxSafeInteger(), fc.maxSafeNat());
  fc.assert(
    fc.property(number, (value) => {
      writer.start();
      writer.number(value);
      expect(writer.taken()?.toString()).toBe(JSON.stringify(value));
    }),
  );
});
