import type { CountReport, GroupReport, StatusReport } from './document.ts';
import { meaningOf } from './verdict.ts';
import { duration } from '../../runtime/process/duration.ts';
import { amount } from './wording.ts';

/** The report for a person: one line a thing, each with its verdict. */
export function asText(report: StatusReport, withPartitions: boolean): string {
  const { kafka, clickhouse } = report.problems;
  const lines = [
    report.verdict,
    ...(kafka === null ? [] : [`Kafka        ${kafka}`]),
    ...(clickhouse === null ? [] : [`ClickHouse   ${clickhouse}`]),
    ...report.groups.flatMap((group) => groupLines(group, withPartitions)),
    ...freshnessLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

function groupLines(group: GroupReport, withPartitions: boolean): string[] {
  const { lag, deadLetters, skips } = group;
  return [
    `group ${group.group}, topic ${group.topic}`,
    ...(lag === null ? [] : [`  lag          ${lagText(group)}${lag.sentence}`]),
    ...stateLines(group),
    ...(withPartitions && lag !== null ? lag.partitions.map(partitionLine) : []),
    ...(deadLetters === null ? [] : [`  dead letters ${total(deadLetters)}${deadLetters.sentence}`]),
    ...(deadLetters === null ? [] : reasonLines(deadLetters)),
    ...(skips === null || skips.total === 0
      ? []
      : [`  skipped      ${amount(skips.total)}.`, ...reasonLines(skips)]),
  ];
}

function stateLines(group: GroupReport): string[] {
  const { unused, commitAgeSeconds: age, held, waits, rebalances, members, rebalancing } = group;
  if (unused) return [];
  return [
    ...(held === null
      ? []
      : [`  held         since ${held.since}, ${duration(held.seconds * 1000)}: ${held.sentence}`]),
    ...(age === null ? [] : [`  committed    ${duration(age * 1000)} ago`]),
    ...(rebalancing === true ? ['  rebalances   at this moment'] : []),
    ...(rebalances === null ? [] : [`  rebalances   ${rebalances.lastHour} since ${rebalances.since}`]),
    ...waits.map(waitLine),
    ...members.flatMap(({ name, problem }) =>
      problem === null ? [] : [`  consumer     ${name}: ${problem}`],
    ),
  ];
}

const waitLine = ({ consumer, on, since, seconds, sentence }: GroupReport['waits'][number]): string =>
  `  waits        for ${on} since ${since}, ${duration(seconds * 1000)}: ${sentence} (${consumer})`;

const total = (count: CountReport): string => (count.total === 0 ? '' : `${amount(count.total)}. `);

function lagText({ lag, consumers }: GroupReport): string {
  const { events, seconds } = lag ?? { events: null, seconds: null };
  if (events === null || seconds === null) return '';
  return `${amount(events)} events, ${duration(seconds * 1000)}, ${consumers ?? 0} consuming. `;
}

const partitionLine = (lag: NonNullable<GroupReport['lag']>['partitions'][number]): string =>
  `    partition ${lag.partition}: ${amount(lag.records)} behind (committed ${lag.committed}, log ${lag.start} to ${lag.end})`;

const reasonLines = ({ reasons }: CountReport): string[] =>
  Object.entries(reasons).map(([reason, count]) => {
    const meaning = meaningOf(reason);
    return `    ${amount(count)} ${reason}${meaning === '' ? '' : `: ${meaning}`}`;
  });

function freshnessLines({ freshness }: StatusReport): string[] {
  if (freshness === null) return [];
  const { measured, sentence } = freshness;
  const figures =
    measured === null
      ? ''
      : `p50 ${duration(measured.p50)}, p99 ${duration(measured.p99)} in the last minute. `;
  return [`freshness      ${figures}${sentence}`];
}
