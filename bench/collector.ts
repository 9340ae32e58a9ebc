import { simulateBacklog } from '../producers/simulator/simulation.ts';
import { closedLoop, openLoop, sender, type Latencies } from './load.ts';
import { cpuSeconds, pin, readyLine, start } from './processes.ts';
import { withStack } from './stack.ts';

const ARRAY = 10;
const ARRAYS = 2000;
const CONNECTIONS = 64;

/**
 * `npm run bench:collector -- [events/s] [seconds]`: the collector on one core, everything else on the others; arrays of ten
 * events of a simulated merchant, first as fast as they are taken, then at a rate.
 */
async function main(rate: number, seconds: number): Promise<void> {
  pin(process.pid, '1-');
  await withStack(4, ({ env }) => measure(env, rate, seconds));
}

async function measure(env: NodeJS.ProcessEnv, rate: number, seconds: number): Promise<void> {
  const settings = { COLLECTOR_LISTEN: '127.0.0.1:0', COLLECTOR_RATE: '0' };
  const collector = start(['serve', 'collector'], { ...env, ...settings });
  collector.stderr?.resume();
  const [, url = ''] = await readyLine(collector.stdout, /^ready: collector at (\S+)$/m);
  pin(collector.pid ?? 0, '0');
  const load = sender(new URL(`${url}/api/report?token=bench`), bodies(), CONNECTIONS);
  try {
    await closedLoop(load.send, CONNECTIONS, 5);
    await print('as fast as it takes them', collector.pid, () => closedLoop(load.send, CONNECTIONS, seconds));
    await print(`${rate} events/s`, collector.pid, () => openLoop(load.send, rate / ARRAY, seconds));
  } finally {
    await load.close();
    const ended = new Promise((resolve) => collector.once('close', resolve));
    collector.kill('SIGTERM');
    await ended;
  }
}

async function print(load: string, pid = 0, run: () => Promise<Latencies>): Promise<void> {
  const before = cpuSeconds(pid);
  const { requests, seconds, ...latency } = await run();
  const cpu = cpuSeconds(pid) - before;
  const figures = {
    load,
    'events/s': Math.round((requests * ARRAY) / seconds),
    ...latency,
    'core used': Number((cpu / seconds).toFixed(2)),
    'CPU µs/event': Number(((cpu * 1e6) / (requests * ARRAY)).toFixed(1)),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

/** Arrays of reports with their envelopes, as JSON. */
function bodies(): Buffer[] {
  const shares = { duplicates: 0, late: 0, invalid: 0 };
  const options = { seed: '1', orders: ARRAYS * ARRAY, until: Date.now(), days: 7, ...shares };
  const made: Buffer[] = [];
  let reports: object[] = [];
  for (const { report } of simulateBacklog(options)) {
    reports.push('props' in report ? report : { type: 'coupon_order', props: report });
    if (reports.length < ARRAY) continue;
    made.push(Buffer.from(JSON.stringify(reports)));
    reports = [];
    if (made.length === ARRAYS) break;
  }
  return made;
}

await main(Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? 15));
process.exit(0);
