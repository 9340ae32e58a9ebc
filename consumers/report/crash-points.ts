import { crashPoint } from '../../runtime/process/crash-points.ts';

/** The steps of an array and of what is written down of it, in their order. */
export const REPORT_POINTS = [
  'report/assigned',
  'report/prepared',
  'report/accepted',
  'report/letters_published',
  'report/letters_booked',
  'report/noted',
  'report/letters_stored',
  'report/ledger_stored',
  'report/committing',
  'report/committed',
] as const;

export const passing = (point: (typeof REPORT_POINTS)[number], isWork?: boolean): void =>
  crashPoint(point, isWork);
