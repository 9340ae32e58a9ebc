// Runs every chaos suite at its full size (settings may make it smaller), and prints the figures that docs/reliability.md quotes.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FULL = {
  CHAOS_KILLS: '10',
  CHAOS_CRASH_SEEDS: '5',
  CHAOS_CRASH_POINTS: '10',
  CHAOS_CLICKHOUSE_ORDERS: '10000',
  CHAOS_MISSING_MS: '60000',
  CHAOS_TABLES: '3',
  CHAOS_REFUSED_TIMES: '10',
};

const folder = mkdtempSync(join(tmpdir(), 'kaquan-chaos-full-'));
const figures = join(folder, 'figures.ndjson');
writeFileSync(figures, '');
const settings = Object.fromEntries(
  Object.entries(FULL).map(([name, value]) => [name, process.env[name] ?? value]),
);
const suites = process.argv.slice(2);
const run = spawnSync(
  'npm',
  ['run', '--silent', 'jest', '--', '-w', '1', ...(suites.length > 0 ? suites : ['test/chaos'])],
  { env: { ...process.env, ...settings, CHAOS_FIGURES: figures }, stdio: 'inherit' },
);

const proofs = readFileSync(figures, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
rmSync(folder, { recursive: true });
const byScenario = new Map();
for (const { scenario, seeds, events, faults } of proofs) {
  const sum = byScenario.get(scenario) ?? { seeds: new Set(), events: 0, faults: {} };
  for (const seed of seeds) sum.seeds.add(seed);
  sum.events += events;
  for (const [kind, count] of Object.entries(faults)) sum.faults[kind] = (sum.faults[kind] ?? 0) + count;
  byScenario.set(scenario, sum);
}

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const text = [
  `${new Date().toISOString().slice(0, 10)}, commit ${git('rev-parse', '--short', 'HEAD')}; ${Object.entries(
    settings,
  )
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`,
  '',
  '| scenario | seeds | events verified | faults that happened |',
  '| --- | --: | --: | --- |',
  ...[...byScenario].map(
    ([scenario, { seeds, events, faults }]) =>
      `| ${scenario} | ${seeds.size} | ${events.toLocaleString('en')} | ${Object.entries(faults)
        .map(([kind, count]) => `${count.toLocaleString('en')} × ${kind}`)
        .join(', ')} |`,
  ),
  '',
  run.status === 0
    ? 'Every scenario ended with 0 unaccounted offsets and 0 differences.'
    : 'SOME SUITES FAILED: the figures are of those that did not.',
];
process.stdout.write(`${text.join('\n')}\n`);
process.exitCode = run.status ?? 1;
