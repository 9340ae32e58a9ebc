import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DEFAULT_FORM, reportBody, type BodyForm } from '../../domain/report/body.ts';
import { createSchemas, encodeEvent, LATEST, type CouponOrderEvent } from '../../schemas/index.ts';
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
    const report: Report = {
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
    expect(JSON.parse(reportBody(stored(report), DEFAULT_FORM))).toMatchObject({
      props: {
        coupon: { order_time: '1560409473714', pay_amt: '9.00' },
        time: '1560409473715',
        chan: { chan_wxapp_scene: 1037 },
      },
    });
  });
});
