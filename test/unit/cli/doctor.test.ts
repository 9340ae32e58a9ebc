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

  it.each([
    [
      'a topic that was made anew',
      { accounted: 500 },
      /: the log ends at 10, but 500 was/,
      /^Run `kaquan rebuild/,
    ],
    [
      'one that has other records by now',
      { isAnew: true },
      /the log's first record is later/,
      /^Run `kaquan/,
    ],
    [
      'a commit beyond the log',
      { committed: 11, accounted: 10 },
      /but 11 was already/,
      /^Run `kaquan rebuild/,
    ],
    [
      'a commit that somebody moved ahead',
      { committed: 9, accounted: 4 },
      /offsets 4 to 8 are/,
      /--accept-gap/,
    ],
    [
      'what retention removed',
      { log: { start: 6, end: 10 }, committed: 4, accounted: 4 },
      /offsets 4 to 5/,
      /-gap/,
    ],
  ])('%s, in the words of the consumer that refuses', (_, over, sentence, mend) => {
    const fact = {
      partition: 3,
      log: { start: 0, end: 10 },
      committed: undefined,
      accounted: undefined,
      ...over,
    };
    const [found] = placeFindings('orders', fact);
    expect(found?.sentence).toMatch(/^orders, partition 3: .*\.$/);
    expect(found?.sentence).toMatch(sentence);
    expect(found?.mend).toMatch(mend);
  });

  it('says whole what names no way', () => {
    const fact = { partition: 3, log: undefined, committed: undefined, accounted: undefined };
    expect(placeFindings('orders', fact)).toMatchObject([
      {
        sentence: "orders, partition 3 is not in the topic's metadata; try again",
        mend: 'Run kaquan doctor again.',
      },
    ]);
  });

  it('no fault where a consumer would start: what retention removed is stored', () => {
    const log = { start: 6, end: 10 };
    expect(placeFindings('orders', { partition: 3, log, committed: 4, accounted: 8 })).toEqual([]);
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
