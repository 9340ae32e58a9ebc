import type { Audit } from '../audit/audit.ts';
import { verdict } from '../audit/text.ts';
import { duration } from '../../runtime/process/duration.ts';
import { amount, percent, yuan } from '../status/wording.ts';
import type { Freshness } from '../status/readings.ts';
import type { DayRate, Intake, Paid, Rates } from './figures.ts';

/** All that is shown; undefined is not known yet. */
export interface Figures {
  readonly intake: Intake | undefined;
  /** Events per second, over the last seconds. */
  readonly perSecond: number | undefined;
  readonly paid: Paid | undefined;
  readonly rates: Rates | undefined;
  /** null: nothing was stored in the last minute. */
  readonly freshness: Freshness | null | undefined;
  readonly deadLetters: number | undefined;
  /** What the last audit found. */
  readonly audit: Audit | undefined;
  /** What the simulated merchant does, in words. */
  readonly merchant: string;
  /** A part that does not answer, in one sentence. */
  readonly problem: string | undefined;
}

export interface Surroundings {
  /** Of the wall, in the merchant's time zone. */
  readonly time: string;
  readonly timeZone: string;
  readonly clickhouseUrl: string;
  readonly analyst: string;
  readonly dlq: string;
  readonly logs: string;
}

const UNKNOWN = '…';

const known = <T>(value: T | undefined, words: (value: T) => string): string =>
  value === undefined ? UNKNOWN : words(value);

/** The table for a terminal, one string a line, without colours. */
export function board(figures: Figures, around: Surroundings): string[] {
  const { intake, perSecond, paid, freshness, deadLetters } = figures;
  return [
    `kaquan · coupon orders, live · ${around.time} ${around.timeZone}`,
    '',
    row('', 'last 5 minutes', 'today'),
    row(
      'paid orders',
      known(paid, (p) => amount(p.orders_lately)),
      known(paid, (p) => amount(p.orders_today)),
    ),
    row(
      'paid amount',
      known(paid, (p) => yuan(p.amount_lately)),
      known(paid, (p) => yuan(p.amount_today)),
    ),
    '',
    ...rateRows(figures.rates),
    '',
    row('', 'now', ''),
    row(
      'events in',
      known(intake, ({ events }) => amount(events)),
      known(perSecond, (n) => `${amount(n)} /s`),
    ),
    row(
      'lag',
      known(intake, ({ behind }) => amount(behind)),
      known(intake, ({ behindSeconds }) => duration(behindSeconds * 1000)),
    ),
    row('freshness', freshnessText(freshness, 'p50'), freshnessText(freshness, 'p99')),
    row('dead letters', known(deadLetters, amount), ''),
    '',
    `  audit: ${known(figures.audit, verdict)}`,
    `  merchant: ${figures.merchant}`,
    ...(figures.problem === undefined ? [] : [`  ${figures.problem}`]),
    '',
    `  npx kaquan sql "SELECT * FROM rates_day ORDER BY day DESC LIMIT 10"`,
    `  npx kaquan status · ClickHouse ${around.clickhouseUrl}, user ${around.analyst} · logs ${around.logs}`,
    `  Ctrl-C stops all of it.`,
  ];
}

/** The figures on one line, for a log. */
export function line({
  intake,
  perSecond,
  paid,
  rates,
  freshness,
  deadLetters,
  audit,
  merchant,
  problem,
}: Figures): string {
  return [
    `events ${known(intake, ({ events }) => amount(events))} (${known(perSecond, (n) => `${amount(n)}/s`)})`,
    `paid today ${known(paid, (p) => `${amount(p.orders_today)} orders ${yuan(p.amount_today)}`)}`,
    `last 5 min ${known(paid, (p) => `${amount(p.orders_lately)} orders ${yuan(p.amount_lately)}`)}`,
    `refund rate today ${rateText(rates?.refundToday)}, ${dayOf(rates?.refundMature)} ${rateText(rates?.refundMature)} within 7 days`,
    `cancel rate today ${rateText(rates?.cancelToday)}`,
    `lag ${known(intake, ({ behind, behindSeconds }) => `${amount(behind)} (${duration(behindSeconds * 1000)})`)}`,
    `freshness ${freshnessText(freshness, 'p50')} ${freshnessText(freshness, 'p99')}`,
    `dead letters ${known(deadLetters, amount)}`,
    `audit ${known(audit, ({ clean }) => (clean ? 'clean' : 'NOT CLEAN'))}`,
    `merchant ${merchant}`,
    ...(problem === undefined ? [] : [problem]),
  ].join(' · ');
}

const rateText = (rate: DayRate | undefined): string => known(rate, (r) => percent(r.rate));

const dayOf = (rate: DayRate | undefined): string => known(rate, ({ day }) => day);

function rateRows(rates: Rates | undefined): string[] {
  const { refundToday, refundMature, cancelToday, cancelYesterday } = rates ?? {};
  return [
    row('', 'so far today', 'settled'),
    row(
      'refund rate',
      rateText(refundToday),
      known(refundMature, ({ day, rate }) => `${percent(rate)}   paid ${day}, refunded within 7 days`),
    ),
    row(
      'cancel rate',
      rateText(cancelToday),
      known(cancelYesterday, ({ day, rate }) => `${percent(rate)}   placed ${day}`),
    ),
  ];
}

function freshnessText(freshness: Freshness | null | undefined, which: 'p50' | 'p99'): string {
  if (freshness === null) return which === 'p50' ? 'idle' : '';
  return known(freshness, (measured) => `${which} ${duration(measured[which])}`);
}

const row = (name: string, first: string, second: string): string =>
  `  ${name.padEnd(14)}${first.padStart(16)}    ${second}`.trimEnd();
