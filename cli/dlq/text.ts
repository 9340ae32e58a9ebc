import { meaningOf } from '../status/verdict.ts';
import { amount } from '../status/wording.ts';
import type { LetterCounts } from './list.ts';
import type { Redrive } from './redrive.ts';

const letters = (count: number): string => `${amount(count)} dead ${count === 1 ? 'letter' : 'letters'}`;

/** What `kaquan dlq list` prints. */
export function listText(all: readonly LetterCounts[]): string {
  if (all.length === 0) return 'There are no topics of dead letters yet: run kaquan migrate.\n';
  return `${all.map(groupText).join('\n')}\n`;
}

function groupText({ group, topic, count, redriven, reasons }: LetterCounts): string {
  const past = redriven === 0 ? '' : `, ${amount(redriven)} of them redriven`;
  const head = `${group}: ${count === 0 ? 'none' : letters(count)}${past} (${topic})`;
  const lines = reasons.map((of) => {
    const meaning = meaningOf(of.reason);
    const state = of.redriven === 0 ? '' : `, ${amount(of.redriven)} redriven`;
    return (
      `  ${amount(of.count)} ${of.reason}${state}${meaning === '' ? '' : `: ${meaning}`}\n` +
      `      from ${of.first} to ${of.last}; the last is ${of.id}`
    );
  });
  return [head, ...lines].join('\n');
}

/** What `kaquan dlq redrive` prints. */
export function redriveText({
  group,
  dry_run: isDry,
  redriven,
  redriven_by_reason: reasons,
  before,
  kept,
}: Redrive): string {
  const verb = isDry ? 'would redrive' : 'redrove';
  const lines = [
    `${verb} ${letters(redriven)} of ${group}`,
    ...Object.entries(reasons).map(([reason, count]) => `  ${amount(count)} ${reason}`),
    ...(before === 0 ? [] : [`redriven before, and left alone: ${amount(before)}`]),
    ...Object.entries(kept).map(([why, count]) => `left where they are: ${amount(count)}, ${why}`),
  ];
  return `${lines.join('\n')}\n`;
}
