import { FOLD_VERSION } from '../../domain/order/state.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { missingMigrations, StoreMismatch } from '../../sql/migrate.ts';
import { recordedFact } from '../../sql/records.ts';
import { presentRetention, type Retention } from '../../sql/retention.ts';
import { readDeadLetters } from '../status/readings.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('tables');

/** Whether the tables are those of this program. @param wanted what the settings say is kept */
export async function checkTables(clickhouse: ClickHouse, wanted: Retention): Promise<Finding[]> {
  const missing = await missingMigrations(clickhouse).catch(mismatch);
  if (!Array.isArray(missing)) return [missing];
  if (missing.length > 0)
    return [
      wrong(`The tables lack ${missing.join(', ')}.`, 'Run kaquan migrate; consumers may run meanwhile.'),
    ];
  const fold = await recordedFact(clickhouse, 'fold_version');
  const findings = [
    ...(fold === FOLD_VERSION
      ? []
      : [
          wrong(
            `The tables were filled by fold version ${fold ?? 'unknown'}, and this program folds with ${FOLD_VERSION}.`,
            'Run kaquan rebuild orders, or the program that filled them.',
          ),
        ]),
    ...retentionFindings(wanted, await presentRetention(clickhouse)),
  ];
  return findings.length > 0 ? findings : [well('All migrations are applied, and the fold is this one.')];
}

/** What the store is not, as a finding: behind the colon stands what to do. */
function mismatch(error: unknown): Finding {
  if (!(error instanceof StoreMismatch)) throw error;
  const [what = '', mend = ''] = error.message.split(': ');
  return wrong(`What does not belong together: ${what}.`, `To mend it: ${mend}.`);
}

const RETENTION_SETTINGS = {
  eventsDays: 'EVENTS_TTL_DAYS',
  ledgerDays: 'LEDGER_TTL_DAYS',
  deliveriesDays: 'REPORT_LEDGER_TTL_DAYS',
} as const;

function retentionFindings(wanted: Retention, present: Retention): Finding[] {
  const days = (count: number | undefined): string =>
    count === undefined ? 'for ever' : `for ${count} ${count === 1 ? 'day' : 'days'}`;
  return (['eventsDays', 'ledgerDays', 'deliveriesDays'] as const)
    .filter((name) => wanted[name] !== present[name])
    .map((name) =>
      wrong(
        `The tables keep rows ${days(present[name])}, and ${RETENTION_SETTINGS[name]} says ${days(wanted[name])}.`,
        'Run kaquan migrate, which makes the tables follow the setting, or mend the setting.',
      ),
    );
}

/** Dead letters that nobody has looked after. */
export async function checkDeadLetters(clickhouse: ClickHouse): Promise<Finding[]> {
  const letters = findingsOf('dead letters');
  const counted = await readDeadLetters(clickhouse);
  if (counted.length === 0) return [letters.well('None.')];
  return counted.map(({ group, reason, count }) =>
    letters.wrong(
      `${group} has ${count} of the reason ${reason}.`,
      `See kaquan dlq list; mend the cause, then kaquan dlq redrive ${group} --reason ${reason}.`,
    ),
  );
}
