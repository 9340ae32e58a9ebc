import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { groupLag } from '../../runtime/kafka/lag.ts';

/** What Kafka has. */
export interface Intake {
  /** Records that were ever published. */
  readonly events: number;
  /** Records that the group has not committed. */
  readonly behind: number;
  readonly behindSeconds: number;
  /** When this was read, ms of a monotonic clock. */
  readonly at: number;
}

/** Paid orders; amounts are decimal yuan, as text. */
export interface Paid {
  readonly orders_today: number;
  readonly amount_today: string;
  readonly orders_lately: number;
  readonly amount_lately: string;
}

/** A rate of one day; null: nothing to divide by. */
export interface DayRate {
  /** yyyy-mm-dd */
  readonly day: string;
  readonly rate: number | null;
}

export interface Rates {
  /** Today's refunds by today's payments. */
  readonly refundToday: DayRate | undefined;
  /** Of the last day whose 7 days are over: the paid orders refunded within them. */
  readonly refundMature: DayRate | undefined;
  /** Of the orders placed today: cancelled and never paid. */
  readonly cancelToday: DayRate | undefined;
  readonly cancelYesterday: DayRate | undefined;
}

export async function readIntake(admin: KafkaAdmin, group: string, topic: string): Promise<Intake> {
  const { partitions, records, seconds } = await groupLag(admin, group, topic, Date.now());
  const events = partitions.reduce((sum, { end }) => sum + end, 0);
  return { events, behind: records, behindSeconds: seconds, at: performance.now() };
}

export async function readPaid(clickhouse: ClickHouse, timeZone: string): Promise<Paid | undefined> {
  const [paid] = await clickhouse.query<Paid>(PAID, { params: { tz: timeZone } });
  return paid;
}

interface DayRow {
  readonly day: string;
  readonly age: number;
  readonly refund: number | null;
  readonly refund_7d: number | null;
  readonly refund_7d_mature: number;
  readonly cancel: number | null;
}

export async function readRates(clickhouse: ClickHouse, timeZone: string): Promise<Rates> {
  const days = await clickhouse.query<DayRow>(RATES, { params: { tz: timeZone } });
  const of = (row: DayRow | undefined, rate: (row: DayRow) => number | null): DayRate | undefined =>
    row && { day: row.day, rate: rate(row) };
  const today = days.find(({ age }) => age === 0);
  const yesterday = days.find(({ age }) => age === 1);
  const mature = days.find((row) => row.refund_7d_mature === 1 && row.refund_7d !== null);
  return {
    refundToday: of(today, ({ refund }) => refund),
    refundMature: of(mature, ({ refund_7d: rate }) => rate),
    cancelToday: of(today, ({ cancel }) => cancel),
    cancelYesterday: of(yesterday, ({ cancel }) => cancel),
  };
}

const PAID = `
  WITH toStartOfDay(now(), {tz:String}) AS today, now() - INTERVAL 5 MINUTE AS lately
  SELECT
      toFloat64(sumIf(paid_orders, bucket >= today)) AS orders_today,
      toString(sumIf(paid_amount, bucket >= today)) AS amount_today,
      toFloat64(sumIf(paid_orders, bucket >= lately)) AS orders_lately,
      toString(sumIf(paid_amount, bucket >= lately)) AS amount_lately
  FROM kaquan.stats_minute
  WHERE bucket >= least(today, lately) AND bucket <= now()`;

// A fortnight of days, so that one is among them whose seven days are over.
const RATES = `
  WITH toDate(now(), {tz:String}) AS today
  SELECT
      toString(day) AS day,
      toFloat64(today - rates_day.day) AS age,
      sum(refund_rate_period_numerator) / nullIf(sum(refund_rate_period_denominator), 0) AS refund,
      sum(refund_rate_7d_numerator) / nullIf(sum(refund_rate_7d_denominator), 0) AS refund_7d,
      min(refund_rate_7d_mature) AS refund_7d_mature,
      sum(cancel_rate_numerator) / nullIf(sum(cancel_rate_denominator), 0) AS cancel
  FROM kaquan.rates_day
  WHERE rates_day.day BETWEEN today - 13 AND today
  GROUP BY rates_day.day
  ORDER BY rates_day.day DESC`;
