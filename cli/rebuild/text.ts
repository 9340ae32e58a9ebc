import { amount } from '../status/wording.ts';
import type { RebuildDifference } from './comparison.ts';
import type { Rebuild } from './rebuild.ts';

// Differences that are listed for a person; --json has more.
const LISTED = 100;

/** What `kaquan rebuild orders` prints at its end. */
export function rebuildText(rebuild: Rebuild): string {
  const { orders, differences, truncated, carried } = rebuild;
  const more = differences.length > LISTED || truncated;
  const lines = [
    `${amount(orders)} orders compared: ${verdict(rebuild)}`,
    ...differences.slice(0, LISTED).map((difference) => differenceLine(difference)),
    ...(more ? ['  … and more'] : []),
    ...(carried === 0
      ? []
      : [
          `not claimed: EVENTS_TTL_DAYS removed events of ${amount(carried)} orders; their rows stay as they were`,
        ]),
    outcome(rebuild),
  ];
  return `${lines.join('\n')}\n`;
}

function verdict({ differences, truncated }: Rebuild): string {
  if (differences.length === 0) return '0 rows differ';
  return `${truncated ? 'at least ' : ''}${amount(differences.length)} ROWS DIFFER`;
}

function outcome({ exchanged, differences }: Rebuild): string {
  if (!exchanged) return 'Nothing was changed (--dry-run).';
  return differences.length === 0
    ? 'The rebuilt tables serve now.'
    : 'The rebuilt tables serve now: what is listed is mended.';
}

const differenceLine = ({ table, app_id, order_id, status, side, row }: RebuildDifference): string =>
  `  ${app_id}:${order_id} ${status}: ${side === 'live' ? `${table} had` : `its events say, and ${table} had not,`} ${JSON.stringify(row)}`;
