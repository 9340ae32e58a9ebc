import { describe, expect, it } from '@jest/globals';

import { forbiddenIn } from '../../../../runtime/embedded/clickhouse/confinement.ts';

describe('forbiddenIn', () => {
  it.each([
    "SELECT file('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT * APPLY file FROM t',
    'SELECT * APPLY(file) FROM t',
    'SELECT * APPLY x -> file(x) FROM t',
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "INSERT INTO t FROM INFILE '/tmp/x' FORMAT CSV",
    "SELECT aiGenerate('a')",
  ])('%s', (canonical) => {
    expect(forbiddenIn(canonical)).toBeDefined();
  });

  it.each(["SELECT 'file(1)', file, `file` FROM file", "SELECT 'INTO OUTFILE'", 'SELECT * APPLY sum FROM t'])(
    'lets %s pass',
    (canonical) => {
      expect(forbiddenIn(canonical)).toBeUndefined();
    },
  );
});
