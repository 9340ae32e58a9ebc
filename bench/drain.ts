import { createClickHouse } from '../runtime/clickhouse/client.ts';
import { Expectation } from './drain/expectation.ts';
import { empty, ORDERS, ROUGH_LANE, type Lane } from './drain/lanes.ts';
import { measure, mergesDone, type Measurement } from './drain/measurement.ts';
import { fill } from './fill.ts';
import { createRoughTables } from './rough/store.ts';
import { withStack } from './stack.ts';

const HOUR = 3_600_000;

/**
 * `npm run bench:drain -- [events] [rounds]`: the orders group and the rough lane drain the same log in turn, each into
 * empty tables; what a lane stored is checked before its cost counts. A round before the first is for warming up.
 */
async function main(events: number, rounds: number): Promise<void> {
  await withStack(4, async (stack) => {
    const { clickhouseUrl: url, clickhousePid, env } = stack;
    const clickhouse = createClickHouse({
      url,
      user: 'kaquan',
      password: 'kaquan',
      clientName: 'kaquan-bench',
    });
    await createRoughTables(clickhouse);
    const expected = new Expectation();
    await fill(env, events, 100, 6 * HOUR, (made) => {
      expected.record(made);
    });
    const { records } = expected;
    const drain = async (lane: Lane): Promise<Measurement> => {
      await empty(stack, clickhouse, lane);
      await mergesDone(clickhouse);
      const measurement = await measure(lane.begin(stack, records), { clickhouse, clickhousePid, records });
      await expected.check(clickhouse, lane.database);
      return measurement;
    };
    const ours: Measurement[] = [];
    const rough: Measurement[] = [];
    for (let round = 0; round <= rounds; round++) {
      const pair = [await drain(ORDERS), await drain(ROUGH_LANE)] as const;
      print({ round: round === 0 ? 'warm-up' : round, records, orders: pair[0], rough: pair[1] });
      if (round === 0) continue;
      ours.push(pair[0]);
      rough.push(pair[1]);
    }
    print(comparison(ours, rough));
    await clickhouse.close();
  });
}

/** CPU-seconds per million records of both, and the ratios of CPU and of time, round by round: median, least and greatest. */
function comparison(ours: readonly Measurement[], rough: readonly Measurement[]): object {
  const ratios = (of: (one: Measurement) => number): object =>
    spread(ours.map((one, round) => of(one) / (rough.map(of)[round] ?? Number.NaN)));
  return {
    orders: spread(ours.map(({ total }) => total)),
    rough: spread(rough.map(({ total }) => total)),
    ratio: ratios(({ total }) => total),
    ratioOfTime: ratios(({ seconds }) => seconds),
  };
}

function spread(values: readonly number[]): { median: number; least: number; greatest: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => round2(sorted[index] ?? Number.NaN);
  return { median: at(sorted.length >> 1), least: at(0), greatest: at(sorted.length - 1) };
}

const round2 = (value: number): number => Number(value.toFixed(2));

function print(row: object): void {
  process.stdout.write(`${JSON.stringify(row)}\n`);
}

await main(Number(process.argv[2] ?? 400_000), Number(process.argv[3] ?? 3));
process.exit(0);
