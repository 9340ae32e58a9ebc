import { amount } from '../status/wording.ts';
import type { Audit } from './audit.ts';
import type { OrderDifference } from './orders.ts';
import type { AuditedPlaces } from './places.ts';

/** What `kaquan audit` prints. */
export function auditText(audit: Audit): string {
  const groups = [...new Set(audit.places.map(({ group }) => group))];
  const lines = [
    ...groups.flatMap((group) => groupLines(group, audit.places)),
    ...orderLines(audit),
    ...audit.unstarted.map((group) => `not claimed: ${group} has committed nothing yet`),
    verdict(audit),
  ];
  return `${lines.join('\n')}\n`;
}

/** What it comes to, in one line. */
export function verdict({ clean, unaccounted_offsets: offsets, differences, orders }: Audit): string {
  if (clean)
    return 'Clean: every record below the commits is accounted for, and every figure follows from the events.';
  const more = orders.truncated ? 'at least ' : '';
  return `NOT CLEAN: ${amount(offsets)} offsets unaccounted for, ${more}${amount(differences)} rows that the events do not say.`;
}

function groupLines(group: string, all: readonly AuditedPlaces[]): string[] {
  const own = all.filter((places) => places.group === group);
  const looked = own.reduce((sum, { from, to }) => sum + to - from, 0);
  const found = own.reduce((sum, { unaccounted }) => sum + unaccounted, 0);
  const result = found === 0 ? 'all accounted for' : `${amount(found)} UNACCOUNTED FOR`;
  return [
    `${group}: ${amount(looked)} offsets of ${own.length} partitions, ${result}`,
    ...own.flatMap((places) => partitionLines(places)),
  ];
}

function partitionLines({ group, partition, unaccounted, ranges, unclaimed }: AuditedPlaces): string[] {
  const named = ranges
    .map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`))
    .join(', ');
  return [
    ...(unaccounted === 0
      ? []
      : [
          `  partition ${partition}: ${amount(unaccounted)} offsets below the commit of ${group} are neither stored, nor dead letters, ` +
            `nor skips: ${named}${ranges.length < 20 ? '' : ', …'}`,
        ]),
    ...(unclaimed === 0
      ? []
      : [
          `  not claimed: of ${amount(unclaimed)} offsets of partition ${partition} nothing is left; retention removed ` +
            'the records from the log, or their rows from the tables',
        ]),
  ];
}

function orderLines({
  orders: { orders, unclaimed, differences, truncated },
  differences: found,
}: Audit): string[] {
  const result =
    found === 0
      ? 'states and milestones are what their events say'
      : `${amount(found)} ROWS DIFFER from what their events say`;
  return [
    `orders: ${amount(orders)} recomputed, ${result}`,
    ...differences.map((difference) => differenceLine(difference)),
    ...(truncated ? ['  … and more'] : []),
    ...(unclaimed === 0
      ? []
      : [`  not claimed: ${amount(unclaimed)} orders, of which retention removed events`]),
  ];
}

function differenceLine({ table, app_id, order_id, status, problem, row, place }: OrderDifference): string {
  const what = problem === 'surplus' ? 'has, and the events do not say' : 'lacks';
  const where =
    place === null
      ? 'no stored event of this status'
      : `by the event of generation ${place.generation}, partition ${place.partition}, offset ${place.offset}`;
  return `  ${app_id}:${order_id} ${status}: ${table} ${what} ${JSON.stringify(row)} (${where})`;
}
