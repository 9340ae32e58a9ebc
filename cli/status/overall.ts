import { duration } from '../../runtime/process/duration.ts';
import { HOLD_WAY } from '../../sql/rebuilds.ts';
import type { GroupReport, StatusReport } from './document.ts';
import type { Verdict } from './verdict.ts';

/** A group that commits nothing for longer than this, and is behind, wants more than patience; s. */
const COMMIT_PATIENCE_S = 60;

/** A wait that is over sooner is none for a person; s. */
const WAIT_PATIENCE_S = 2;

/** The one thing to do first: what stops all, what stops a group, what slows it down, what it left behind. */
export function overallVerdict({
  problems,
  groups,
  freshness,
}: Pick<StatusReport, 'problems' | 'groups' | 'freshness'>): Verdict {
  const used = groups.filter(({ unused }) => !unused);
  const found =
    problems.kafka ??
    (problems.clickhouse === null
      ? undefined
      : `${problems.clickhouse} Groups wait for it, and lose nothing.`) ??
    first(used, stopped) ??
    first(used, ({ lag }) => (lag?.well === false ? lag.sentence : undefined)) ??
    first(used, ({ deadLetters }) =>
      deadLetters?.well === false ? deadLetterLine(deadLetters) : undefined,
    ) ??
    (freshness?.well === false ? `The figures are ${lowerFirst(freshness.sentence)}` : undefined);
  return found === undefined ? { well: true, sentence: 'All is well.' } : { well: false, sentence: found };
}

const lowerFirst = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);

function first(
  groups: readonly GroupReport[],
  look: (group: GroupReport) => string | undefined,
): string | undefined {
  for (const group of groups) {
    const sentence = look(group);
    if (sentence !== undefined) return `${group.group}: ${sentence}`;
  }
  return undefined;
}

const deadLetterLine = ({ total, sentence }: NonNullable<GroupReport['deadLetters']>): string =>
  `${total} dead ${total === 1 ? 'letter' : 'letters'}. ${sentence}`;

/** What keeps a group from moving at all. */
function stopped(group: GroupReport): string | undefined {
  const { lag, held, waits, members, commitAgeSeconds, rebalancing, consumers } = group;
  if (held !== null)
    return `Its consumers stay away since ${held.since}, ${duration(held.seconds * 1000)}: ${held.sentence}. ${HOLD_WAY}`;
  const wait = waits.find(({ trouble, seconds }) => trouble && seconds >= WAIT_PATIENCE_S);
  if (wait !== undefined)
    return (
      `It waits for ${wait.on} for ${duration(wait.seconds * 1000)}: ${wait.sentence}. ` +
      'Mend that; it then goes on by itself, and nothing is lost.'
    );
  const dead = members.find(({ alive }) => alive === false);
  if (dead !== undefined) return `${dead.problem ?? ''} (${dead.name})`;
  if ((lag?.events ?? 0) === 0 || consumers === 0) return undefined;
  const silent = members.find(({ alive, problem }) => alive === null && problem !== null);
  if (silent !== undefined) return `${silent.problem ?? ''} Start it again (${silent.name}).`;
  if (commitAgeSeconds === null || commitAgeSeconds <= COMMIT_PATIENCE_S) return undefined;
  const age = duration(commitAgeSeconds * 1000);
  if (rebalancing === true)
    return `It has been distributing its partitions, and committed nothing for ${age}: a consumer joins and leaves, or hangs; see their logs.`;
  return (
    `${consumers ?? 0} consume, but nothing was committed for ${age}: their logs say what they wait for, and so does this ` +
    'command once they listen (ORDERS_LISTEN, REPORT_LISTEN).'
  );
}
