import { FIRST_EVENTS, ORDER_TIMES } from './first-events.ts';

interface Rate {
  readonly name: string;
  /** The status whose event gives day, app and batch to the denominator, and to the numerator unless it has its own. */
  readonly cohort: string;
  readonly numeratorCohort?: string;
  /** Over the first event of the cohort's status and the times of its order. */
  readonly numerator: string;
  readonly amount?: true;
  readonly matureAfterHours?: number;
}

const withinDays = (days: number): string =>
  `refund_at IS NOT NULL AND dateDiff('millisecond', time, assumeNotNull(refund_at)) <= ${days * 86_400_000}`;

const RATES: readonly Rate[] = [
  { name: 'refund_rate_period', cohort: 'payed', numeratorCohort: 'refund', numerator: '1' },
  { name: 'refund_rate_7d', cohort: 'payed', numerator: withinDays(7), matureAfterHours: 168 },
  { name: 'refund_rate_30d', cohort: 'payed', numerator: withinDays(30), matureAfterHours: 720 },
  {
    name: 'refund_amount_rate_7d',
    cohort: 'payed',
    numerator: withinDays(7),
    amount: true,
    matureAfterHours: 168,
  },
  {
    name: 'refund_amount_rate_30d',
    cohort: 'payed',
    numerator: withinDays(30),
    amount: true,
    matureAfterHours: 720,
  },
  {
    name: 'cancel_rate',
    cohort: 'give_order',
    numerator: 'cancel_give_order_at IS NOT NULL AND payed_at IS NULL',
  },
  { name: 'cancel_after_pay_rate', cohort: 'payed', numerator: 'cancel_give_order_at IS NOT NULL' },
  {
    name: 'pay_abandon_rate',
    cohort: 'pay',
    numerator: `payed_at IS NULL OR dateDiff('millisecond', time, assumeNotNull(payed_at)) > 86400000`,
    matureAfterHours: 24,
  },
];

/** Every rate as a list of single contributions to one of its two parts, then summed: nothing is shared between rates. */
export function ratesOracle(timeZone: string): string {
  const contributions = RATES.flatMap(({ name, cohort, numeratorCohort, numerator }) => [
    contribution(`${name}_numerator`, numeratorCohort ?? cohort, numerator),
    contribution(`${name}_denominator`, cohort, '1'),
  ]);
  return `
    WITH ${FIRST_EVENTS}, ${ORDER_TIMES},
    contributions AS
    (
        SELECT
            figure, toDate(formatDateTime(time, '%Y-%m-%d', '${timeZone}')) AS day, app_id, coupon_batch_id, pay_amt
        FROM (SELECT * FROM first_events INNER JOIN order_times USING (app_id, order_id))
        ARRAY JOIN [${contributions.join(', ')}] AS figure
        WHERE figure != ''
    )
    SELECT day, app_id, coupon_batch_id, ${RATES.flatMap((rate) => columnsOf(rate, timeZone)).join(', ')}
    FROM contributions
    GROUP BY day, app_id, coupon_batch_id`;
}

/** The figure to which a first event contributes, or ''. */
const contribution = (figure: string, status: string, condition: string): string =>
  `if(order_status = '${status}' AND (${condition}), '${figure}', '')`;

function columnsOf({ name, amount, matureAfterHours }: Rate, timeZone: string): string[] {
  const sum = (part: string): string =>
    amount === undefined
      ? `countIf(figure = '${name}_${part}')`
      : `sum(if(figure = '${name}_${part}', pay_amt, toDecimal128(0, 2)))`;
  const nextDay = `toDateTime(concat(toString(addDays(day, 1)), ' 00:00:00'), '${timeZone}')`;
  return [
    `toFloat64(${sum('numerator')}) / nullIf(toFloat64(${sum('denominator')}), 0) AS ${name}`,
    `${sum('numerator')} AS ${name}_numerator`,
    `${sum('denominator')} AS ${name}_denominator`,
    ...(matureAfterHours === undefined
      ? []
      : [`toUInt8(dateDiff('second', ${nextDay}, now()) >= ${matureAfterHours * 3600}) AS ${name}_mature`]),
  ];
}
