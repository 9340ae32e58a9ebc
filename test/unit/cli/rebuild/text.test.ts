import { expect, it } from '@jest/globals';

import type { Rebuild } from '../../../../cli/rebuild/rebuild.ts';
import { rebuildText } from '../../../../cli/rebuild/text.ts';

const WELL: Rebuild = {
  orders: 1234,
  differences: [],
  truncated: false,
  eventless: 0,
  folded: { orders: 1234, events: 4000 },
  carried: 0,
  exchanged: true,
};

const DIFFERENCE = {
  table: 'milestones',
  app_id: 'wx1',
  order_id: 'A',
  status: 'payed',
  side: 'live',
  row: { revision: 3 },
} as const;

it('says in two lines that all is well', () => {
  expect(rebuildText(WELL)).toBe('1,234 orders compared: 0 rows differ\nThe rebuilt tables serve now.\n');
});

it('lists what differs, which side has it, and what becomes of it', () => {
  const differences = [DIFFERENCE, { ...DIFFERENCE, side: 'rebuilt', row: { revision: 4 } } as const];
  expect(rebuildText({ ...WELL, differences })).toBe(
    [
      '1,234 orders compared: 2 ROWS DIFFER',
      '  wx1:A payed: milestones had {"revision":3}',
      '  wx1:A payed: its events say, and milestones had not, {"revision":4}',
      'The rebuilt tables serve now: what is listed is mended.',
      '',
    ].join('\n'),
  );
});

it('names what it cannot claim, what it does not list, and that nothing was changed', () => {
  const differences = Array.from({ length: 101 }, () => DIFFERENCE);
  const text = rebuildText({ ...WELL, differences, truncated: true, carried: 5000, exchanged: false });
  expect(text.split('\n').length).toBe(105);
  expect(text).toContain('1,234 orders compared: at least 101 ROWS DIFFER');
  expect(text).toContain('  … and more\nnot claimed: EVENTS_TTL_DAYS removed events of 5,000 orders');
  expect(text).toMatch(/Nothing was changed \(--dry-run\)\.\n$/);
});
