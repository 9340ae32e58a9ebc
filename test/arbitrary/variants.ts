import type { Report } from './event.ts';

type Members = Record<string, unknown>;

/** The same report, sent again or written in another way: all of them are one event. */
export function variantsOf(report: Report): Record<string, Report> {
  return {
    'the other key': otherKey(report),
    'numbers as text': inForm(report, yuanText, String),
    'numbers as numbers': inForm(report, Number, Number),
    'fields in reverse order': reversed(report) as Report,
    'other transport fields': {
      ...report,
      from: 'another',
      tracking_id: 'another',
      log_id: 77,
      props: {
        ...report.props,
        sr_sdk_version: '9.9.9',
        idenTifier: '-',
        system_info: { a: 1 },
        framework_info: {},
      },
    },
    'read from its JSON text': JSON.parse(JSON.stringify(report)) as Report,
  };
}

function otherKey(report: Report): Report {
  const { coupon, order, ...others } = report.props;
  return { ...report, props: { ...others, ...(coupon == null ? { coupon: order } : { order: coupon }) } };
}

function inForm(
  report: Report,
  amount: (yuan: unknown) => unknown,
  time: (millis: unknown) => unknown,
): Report {
  const props: Members = { ...report.props, time: time(report.props['time']) };
  for (const key of ['coupon', 'order']) {
    const facts = props[key] as Members | null | undefined;
    if (facts == null) continue;
    props[key] = { ...facts, pay_amt: amount(facts['pay_amt']), order_time: time(facts['order_time']) };
  }
  return { ...report, props };
}

const yuanText = (yuan: unknown): string => Number(yuan).toFixed(2);

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reversed(member)]),
  );
}
