import { describe, expect, it } from '@jest/globals';

import { diskFindings, versionFinding } from '../../../cli/doctor/clickhouse.ts';
import { storeClockFinding } from '../../../cli/doctor/clocks.ts';
import { placeFindings } from '../../../cli/doctor/groups.ts';
import { checkSettings } from '../../../cli/doctor/settings.ts';
import { doctorText } from '../../../cli/doctor/text.ts';

const GIB = 2 ** 30;

describe('what the doctor can not be shown on one machine', () => {
  it.each([
    ['26.7.3.19', false],
    ['27.1', false],
    ['26.6.1.1', true],
    ['25.12', true],
    ['', true],
  ])('version %s of ClickHouse: wrong is %s', (version, wrong) =>
    expect(versionFinding(version).wrong).toBe(wrong),
  );

  it('a disk that is nearly full, and a ClickHouse that tells of none', () => {
    const disks = [
      { name: 'default', free: 50 * GIB, total: 100 * GIB },
      { name: 'cold', free: 9 * GIB, total: 100 * GIB },
    ];
    expect(diskFindings(disks)).toMatchObject([
      { wrong: false, sentence: '50.0 of 100.0 GiB are free under ClickHouse (default).' },
      { wrong: true, sentence: '9.0 of 100.0 GiB are free under ClickHouse (cold).' },
    ]);
    expect(diskFindings([])).toMatchObject([{ wrong: false }]);
  });

  it.each([
    [500, false],
    [1900, false],
    [-900, false],
    [5200, true],
    [-4000, true],
  ])('a clock of ClickHouse that says %d ms: wrong is %s', (at, wrong) =>
    expect(storeClockFinding(at, 0, 1000).wrong).toBe(wrong),
  );

  it('says which way the clock is off', () => {
    expect(storeClockFinding(31_000, 0, 1000).sentence).toBe(
      "ClickHouse's clock is 30 s ahead of this machine's.",
    );
    expect(storeClockFinding(-60_000, 0, 1000).sentence).toBe(
      "ClickHouse's clock is 60 s behind this machine's.",
    );
  });

  it('a topic that was made anew: the tables know more than the log has', () => {
    const facts = { partition: 3, offsets: { start: 0, end: 10 }, committed: undefined, accounted: 500 };
    expect(placeFindings('orders', facts)).toMatchObject([
      { mend: expect.stringContaining('run kaquan migrate, which makes it anew') },
    ]);
    expect(placeFindings('orders', { ...facts, accounted: 10 })).toEqual([]);
  });
});

it('goes on without the settings that are broken', () => {
  const { findings, usable } = checkSettings({ KAFKA_PARTITIONS: 'x', TIME_ZONE: 'Asia/Shanghai' });
  expect(findings).toMatchObject([{ about: 'settings', wrong: true }]);
  expect(usable).toEqual({ TIME_ZONE: 'Asia/Shanghai' });
});

it('puts what to do under what is wrong, and counts', () => {
  const well = { about: 'disk', wrong: false, sentence: 'Room.', mend: null };
  const wrong = { about: 'topics', wrong: true, sentence: 'None.', mend: 'Make one.' };
  expect(doctorText([well, wrong])).toBe(
    'ok     disk          Room.\n' +
      'WRONG  topics        None.\n' +
      '                     Make one.\n' +
      '1 thing is wrong.\n',
  );
  expect(doctorText([well])).toMatch(/Nothing is wrong\.\n$/);
});
