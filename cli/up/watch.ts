import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';
import { clickhouseSettings } from '../../runtime/clickhouse/settings.ts';
import { reconnecting } from '../../runtime/kafka/reconnecting.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { auditOnce } from '../audit.ts';
import { AuditRounds } from '../audit/rounds.ts';
import { connectClickHouse, connectKafka } from '../connections.ts';
import { sentenceOf } from '../failure.ts';
import type { Io } from '../io.ts';
import { readDeadLetters, readFreshness } from '../status/readings.ts';
import type { Figures } from './board.ts';
import { readIntake, readPaid, readRates, type Intake } from './figures.ts';
import { startGauge, type Gauge } from '../../runtime/process/gauge.ts';

/** Everything on the board that has to be asked for. */
export interface Watch {
  figures(): Omit<Figures, 'merchant'>;
  stop(): Promise<void>;
}

export interface WatchOptions {
  readonly env: Io['env'];
  readonly group: string;
  readonly topic: string;
}

export function startWatch({ env, group, topic }: WatchOptions): Watch {
  const { TIME_ZONE: timeZone } = parseSettings(clickhouseSettings, env);
  const store = connectClickHouse(env);
  const analyst = connectAnalyst(env);
  const kafka = reconnecting(() => connectKafka(env));
  const rate = recentRate();
  const rounds = new AuditRounds((since) =>
    kafka.use((admin) => auditOnce({ admin, clickhouse: store }, env, since)),
  );
  const gauges = {
    intake: startGauge(
      async () => rate.note(await kafka.use((admin) => readIntake(admin, group, topic))),
      1000,
    ),
    paid: startGauge(() => readPaid(analyst, timeZone), 1000),
    rates: startGauge(() => readRates(analyst, timeZone), 3000),
    freshness: startGauge(() => readFreshness(store), 1000),
    deadLetters: startGauge(() => readDeadLetters(store), 2000),
    audit: startGauge(() => rounds.next(), 60_000),
  };
  const all: Gauge<unknown>[] = Object.values(gauges);
  return {
    figures() {
      const letters = gauges.deadLetters.latest()?.filter((letter) => letter.group === group);
      const problem = all.map((gauge) => gauge.problem()).find((found) => found !== undefined);
      return {
        intake: gauges.intake.latest(),
        perSecond: rate.perSecond(),
        paid: gauges.paid.latest(),
        rates: gauges.rates.latest(),
        freshness: gauges.freshness.latest(),
        audit: gauges.audit.latest(),
        deadLetters: letters?.reduce((sum, { count }) => sum + count, 0),
        problem: problem === undefined ? undefined : sentenceOf(problem, env),
      };
    },
    async stop() {
      await Promise.all([store.close(), analyst.close()]);
      await Promise.allSettled(all.map((gauge) => gauge.stop()));
      await kafka.close();
    },
  };
}

function connectAnalyst(env: Io['env']): ClickHouse {
  const settings = parseSettings(clickhouseSettings, env);
  return createClickHouse({
    url: settings.CLICKHOUSE_URL,
    user: settings.CLICKHOUSE_ANALYST_USER,
    password: settings.CLICKHOUSE_ANALYST_PASSWORD,
    clientName: 'kaquan-up',
    settings: {},
  });
}

const RECENT_MS = 5000;

/** Events per second over the last seconds. */
function recentRate() {
  let noted: Intake[] = [];
  return {
    note(intake: Intake): Intake {
      noted = [...noted.filter(({ at }) => at > intake.at - RECENT_MS), intake];
      return intake;
    },
    perSecond(): number | undefined {
      const first = noted[0];
      const last = noted.at(-1);
      if (first === undefined || last === undefined || first === last) return undefined;
      return ((last.events - first.events) * 1000) / (last.at - first.at);
    },
  };
}
