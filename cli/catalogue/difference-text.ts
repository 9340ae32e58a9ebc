import type { OfferChange } from '../../services/marketing/catalogue/difference.ts';
import { grouped } from '../produce/progress.ts';

/** What applying came to. */
export interface Applied {
  /** The version that counts now; undefined: there is none. */
  readonly version: string | undefined;
  /** Whether this command made it. */
  readonly applied: boolean;
  readonly changes: readonly OfferChange[];
}

const SIGN = { added: '+', removed: '-', changed: '~' } as const;

export const asJson = (applied: Applied): string =>
  `${JSON.stringify({ ...applied, version: applied.version ?? null }, null, 2)}\n`;

export function asText({ version, applied, changes }: Applied, dryRun: boolean): string {
  const lines = changes.map(changeText);
  const verdict = applied
    ? `applied as ${version ?? ''}`
    : changes.length === 0
      ? `nothing changes${version === undefined ? '' : `: ${version} has it`}`
      : dryRun
        ? 'not applied (--dry-run)'
        : 'not applied';
  return `${lines.join('')}${counts(changes)}${verdict}\n`;
}

function changeText({ change, kind, app_id, id, fields }: OfferChange): string {
  const rows = fields.map(({ field, before, after }) => `    ${field}: ${shown(before)} → ${shown(after)}\n`);
  return `${SIGN[change]} ${kind} ${id} of ${app_id}\n${rows.join('')}`;
}

const shown = (value: unknown): string =>
  value === undefined ? 'none' : typeof value === 'number' ? grouped(value) : JSON.stringify(value);

function counts(changes: readonly OfferChange[]): string {
  const of = (kind: OfferChange['change']): number => changes.filter(({ change }) => change === kind).length;
  return changes.length === 0
    ? ''
    : `${of('added')} added, ${of('changed')} changed, ${of('removed')} removed; `;
}
