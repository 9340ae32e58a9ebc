// Runs every chaos suite at its full size, one after the other, also when one fails, and prints the table that
// docs/reliability.md quotes. `npm run chaos:full -- crash storm` runs those suites alone, and keeps what the others
// gave before. Figures of all suites: CHAOS_RESULTS, .data/chaos-full.json unless told.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const RESULTS = process.env.CHAOS_RESULTS || '.data/chaos-full.json';

const all = readdirSync('test/chaos')
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => file.replace('.test.ts', ''));
const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such suite: ${unknown.join(', ')}. There are ${all.join(', ')}.\n`);
  process.exit(2);
}

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();
const linesOf = (file) =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line))
    : [];

/** Runs one suite. @returns what it proved, and at which size */
function run(suite, folder) {
  const figures = join(folder, `${suite}.ndjson`);
  const report = join(folder, `${suite}.json`);
  const began = Date.now();
  const jest = ['run', '--silent', 'jest', '--', '-w', '1', `test/chaos/${suite}.test.ts`];
  const { status } = spawnSync('npm', [...jest, '--json', `--outputFile=${report}`], {
    env: { ...process.env, CHAOS_FULL: 'yes', CHAOS_FIGURES: figures },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const lines = linesOf(figures);
  const { numPassedTests = 0, testResults = [] } = linesOf(report)[0] ?? {};
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    began: new Date(began).toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' and changes'),
    ok: status === 0,
    passed: numPassedTests,
    failed: tests.filter((test) => test.status === 'failed').map(({ fullName }) => fullName),
    settings: Object.fromEntries(
      lines.filter((line) => 'setting' in line).map((line) => [line.setting, line.value]),
    ),
    scenarios: lines.filter((line) => 'scenario' in line),
  };
}

/** The figures of runs of the same scenario, added up. */
function byScenario(scenarios) {
  const sums = new Map();
  for (const { scenario, seeds, records, events, faults, unaccounted = 0 } of scenarios) {
    const sum = sums.get(scenario) ?? { seeds: new Set(), records: 0, events: 0, faults: {}, unaccounted: 0 };
    for (const seed of seeds) sum.seeds.add(seed);
    sum.records += records;
    sum.events += events;
    sum.unaccounted += unaccounted;
    for (const [kind, count] of Object.entries(faults)) sum.faults[kind] = (sum.faults[kind] ?? 0) + count;
    sums.set(scenario, sum);
  }
  return sums;
}

const number = (count) => count.toLocaleString('en');
const faultsOf = (faults) =>
  Object.entries(faults)
    .map(([kind, count]) => `${number(count)} × ${kind}`)
    .join(', ');

function table(suites) {
  const rows = Object.entries(suites).flatMap(([suite, { began, commit, passed, ok, failed, scenarios }]) => {
    const when = `${began.slice(0, 10)}, ${commit}`;
    const sums = [...byScenario(scenarios)].map(
      ([scenario, { seeds, records, events, faults, unaccounted }]) =>
        `| ${scenario} | ${when} | ${seeds.size} | ${number(records)} | ${number(events)} | ${faultsOf(faults)} | ${number(unaccounted)} |`,
    );
    const others = `| ${suite}: ${passed} tests | ${when} | | | | | |`;
    const failure = `| ${suite}: FAILED: ${failed.join('; ')} | ${when} | | | | | |`;
    return [...(sums.length > 0 ? sums : ok ? [others] : []), ...(ok ? [] : [failure])];
  });
  return [
    '| scenario | date, commit | seeds | records | events verified | faults that happened | unaccounted |',
    '| --- | --- | --: | --: | --: | --- | --: |',
    ...rows,
  ].join('\n');
}

const results = chosen.length > 0 && existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : {};
mkdirSync(dirname(RESULTS), { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'kaquan-chaos-full-'));
const suites = chosen.length > 0 ? chosen : all;
for (const [i, suite] of suites.entries()) {
  process.stderr.write(`${i + 1} of ${suites.length}: ${suite}\n`);
  results[suite] = run(suite, folder);
  const { ok, seconds } = results[suite];
  process.stderr.write(`${suite} ${ok ? 'passed' : 'FAILED'} after ${seconds} s\n`);
  // After each suite: what ran stays when this is interrupted.
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
}
rmSync(folder, { recursive: true });

process.stdout.write(`${table(results)}\n`);
const failed = suites.filter((suite) => !results[suite].ok);
const missing = all.filter((suite) => results[suite] === undefined);
if (missing.length > 0) process.stdout.write(`\nNot run: ${missing.join(', ')}.\n`);
if (failed.length > 0)
  process.stdout.write(`\nFAILED: ${failed.join(', ')}. The figures are of what passed.\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
