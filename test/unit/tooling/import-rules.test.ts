import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { beforeAll, describe, expect, it } from '@jest/globals';

interface Report {
  summary: { violations: { from: string; rule: { name: string } }[] };
}

const root = new URL('../../../', import.meta.url).pathname;
const { forbidden } = createRequire(import.meta.url)(`${root}.dependency-cruiser.cjs`) as {
  forbidden: { name: string }[];
};

/** Runs the project's rules over a small tree that breaks each of them once. */
function cruise(): Report {
  const args = [`${root}node_modules/.bin/depcruise`, '--config', `${root}.dependency-cruiser.cjs`];
  const run = spawnSync(process.execPath, [...args, '--output-type', 'json', '.'], {
    cwd: `${root}test/fixtures/imports`,
    encoding: 'utf8',
  });
  return JSON.parse(run.stdout) as Report;
}

describe('the import rules', () => {
  let found: Set<string>;

  beforeAll(() => {
    found = new Set(cruise().summary.violations.map(({ from, rule }) => `${rule.name}: ${from}`));
  });

  it('catch a breach of each rule, and name the file', () => {
    expect([...found].sort()).toEqual([
      'chdb-in-one-folder: producers/send.ts',
      'clickhouse-client-in-one-folder: producers/send.ts',
      'domain-does-no-io: domain/files.ts',
      'domain-knows-schemas-only: domain/files.ts',
      'edges-know-no-other-edge: consumers/drain.ts',
      'kafkajs-in-one-folder: producers/send.ts',
      'no-circular: domain/fold.ts',
      'no-dev-dependency-in-product: runtime/process/clock.ts',
      'no-unresolved: runtime/process/clock.ts',
      'product-knows-no-test: consumers/drain.ts',
      'runtime-knows-no-layer: runtime/process/clock.ts',
      'schemas-know-no-one: schemas/event.ts',
      'sql-knows-runtime-only: sql/migrate.ts',
    ]);
  });

  it('have no rule that this test leaves unproven', () => {
    const proven = new Set([...found].map((line) => line.split(':')[0]));
    expect(forbidden.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
  });
});
