import { ordersSettings } from '../consumers/orders/config.ts';
import { reportSettings } from '../consumers/report/config.ts';
import { COLLECTOR } from '../producers/collector/dead-letters.ts';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../runtime/kafka/admin.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { deadLetterTopic, ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { accountedOffsets, lastStoredRecords } from '../sql/ledgers.ts';
import { holdOn } from '../sql/rebuilds.ts';
import { recordedTopic } from '../sql/records.ts';
import { storeSettings } from '../sql/settings.ts';
import { connectClickHouse, connectKafka } from './connections.ts';
import { checkDisks, checkMerges, checkParts, checkVersion } from './doctor/clickhouse.ts';
import { checkBrokerClock, checkStoreClock } from './doctor/clocks.ts';
import { findingsOf, type Finding, sentenceAndMend } from './doctor/finding.ts';
import { checkGroup } from './doctor/groups.ts';
import { checkRegistry } from './doctor/registry.ts';
import { checkSettings } from './doctor/settings.ts';
import { checkDeadLetters, checkTables } from './doctor/store.ts';
import { doctorText } from './doctor/text.ts';
import { checkBrokers, checkTopic } from './doctor/topics.ts';
import { EXIT, isUnmade, sentenceOf } from './failure.ts';
import type { Io } from './io.ts';
import { deadLetterSpec, eventsSpec } from './migrate/topic-specs.ts';

type Env = Io['env'];
type Check = () => Promise<Finding[]>;

/** `kaquan doctor`: looks at everything that it can reach. @returns exit code 1 if anything is wrong */
export async function doctor({ json }: { readonly json?: true }, { env, stdout }: Io): Promise<number> {
  const { findings: ofSettings, usable } = checkSettings(env);
  const findings = [...ofSettings, ...(await examine(usable))];
  stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : doctorText(findings));
  return findings.some(({ wrong }) => wrong) ? EXIT.failed : EXIT.done;
}

async function examine(env: Env): Promise<Finding[]> {
  const config = settingsOf(env);
  const clickhouse = connectClickHouse(env);
  const kafka = await connectKafka(env).catch((error: unknown) => sentenceOf(error, env));
  const answer = await storeProblem(clickhouse, env);
  try {
    return [
      ...(typeof kafka === 'string'
        ? [findingsOf('brokers').wrong(...sentenceAndMend(kafka, START_IT))]
        : await all(env, kafkaChecks(kafka, answer === undefined ? clickhouse : undefined, config))),
      ...(answer === undefined
        ? await all(env, storeChecks(clickhouse, config))
        : [findingsOf('ClickHouse').wrong(...sentenceAndMend(answer, START_IT))]),
      ...(await checkRegistry(config.SCHEMA_REGISTRY_URL, TOPIC)),
    ];
  } finally {
    await Promise.allSettled([clickhouse.close(), ...(typeof kafka === 'string' ? [] : [kafka.close()])]);
  }
}

const settingsOf = (env: Env) =>
  parseSettings({ ...ordersSettings, ...reportSettings, ...storeSettings }, env);

type Config = ReturnType<typeof settingsOf>;

/** Why ClickHouse does not answer; undefined: it does. */
async function storeProblem(clickhouse: ClickHouse, env: Env): Promise<string | undefined> {
  try {
    await clickhouse.query('SELECT 1', { timeoutMs: 5000 });
    return undefined;
  } catch (error) {
    return sentenceOf(error, env);
  }
}

const START_IT = 'Start it, or mend the settings that say where it is.';

// A person waits for it.
const PATIENCE = { timeoutMs: 10_000 };

function kafkaChecks(admin: KafkaAdmin, clickhouse: ClickHouse | undefined, config: Config): Check[] {
  const failing = [ORDERS_GROUP, REPORT_GROUP, COLLECTOR];
  const specs = [
    eventsSpec(TOPIC, config),
    ...failing.map((name) => deadLetterSpec(deadLetterTopic(name), config)),
  ];
  const recorded = async (topic: string) => clickhouse && recordedTopic(clickhouse, topic);
  const none = new Map<number, never>();
  /** What the tables know of the living topic; nothing while ClickHouse is away, or was never migrated. */
  const known = async <T>(
    ask: (store: ClickHouse, generation: number) => Promise<ReadonlyMap<number, T>>,
  ) => {
    const generation = (await recorded(TOPIC))?.generation;
    return clickhouse && generation !== undefined ? ask(clickhouse, generation) : none;
  };
  const groups = [
    { group: ORDERS_GROUP, isUnused: false },
    { group: REPORT_GROUP, isUnused: config.REPORT_URL === undefined },
  ];
  return [
    () => checkBrokers(admin, config.KAFKA_REPLICATION),
    ...specs.map((spec) => () => checkTopic(admin, spec, recorded, config.KAFKA_BROKERS)),
    ...groups.map(
      (one) => () =>
        checkGroup(admin, {
          ...one,
          topic: TOPIC,
          accounted: () =>
            known((store, generation) => accountedOffsets(store, { group: one.group, generation }, PATIENCE)),
          stored: () => known((store, generation) => lastStoredRecords(store, generation, PATIENCE)),
          hold: async () => clickhouse && holdOn(clickhouse, one.group, PATIENCE),
        }),
    ),
    () => checkBrokerClock(admin, TOPIC, Date.now),
  ];
}

function storeChecks(clickhouse: ClickHouse, config: Config): Check[] {
  const wanted = {
    eventsDays: config.EVENTS_TTL_DAYS,
    ledgerDays: config.LEDGER_TTL_DAYS,
    deliveriesDays: config.REPORT_LEDGER_TTL_DAYS,
  };
  return [
    () => checkVersion(clickhouse),
    () => checkParts(clickhouse),
    () => checkMerges(clickhouse),
    () => checkDisks(clickhouse),
    () => checkStoreClock(clickhouse, Date.now),
    () => checkTables(clickhouse, wanted),
    () => checkDeadLetters(clickhouse),
  ];
}

const UNMADE = findingsOf('tables').wrong(
  'There are no tables yet.',
  'Run kaquan migrate, which makes them.',
);

/** One check after the other; what can't be checked is a finding too. */
async function all(env: Env, checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const check of checks) {
    try {
      findings.push(...(await check()));
    } catch (error) {
      if (isUnmade(error)) {
        if (!findings.includes(UNMADE)) findings.push(UNMADE);
        continue;
      }
      const { wrong } = findingsOf('doctor');
      findings.push(
        wrong(`Something could not be checked: ${sentenceOf(error, env)}`, 'Mend that, and ask again.'),
      );
    }
  }
  return findings;
}
