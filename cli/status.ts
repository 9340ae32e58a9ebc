import { ordersSettings } from '../consumers/orders/config.ts';
import { reportSettings } from '../consumers/report/config.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { deadLetterTopic, ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { connectClickHouse, connectKafka } from './connections.ts';
import { EXIT, sentenceOf } from './failure.ts';
import type { Io } from './io.ts';
import { readGroup, readStore, type GroupReading, type StoreReading } from './status/readings.ts';
import { askAt, type MemberReading } from './status/members.ts';
import { reportOf, type KnownGroup, type Part } from './status/report.ts';
import { asText } from './status/text.ts';

export interface StatusOptions {
  readonly json?: true;
  readonly partitions?: true;
}

/** `kaquan status`. @returns exit code 1 if Kafka or ClickHouse is away, or its tables are */
export async function status({ json, partitions }: StatusOptions, { env, stdout }: Io): Promise<number> {
  const groups = groupsOf(env);
  const [kafka, store] = await Promise.all([
    attempt(env, () => readKafka(env, groups)),
    attempt(env, () => readClickHouse(env)),
  ]);
  const strays = kafka.ok ? undefined : await findStrays(env, groups);
  const report = reportOf({
    at: new Date(),
    topic: TOPIC,
    groups,
    kafka,
    store,
    ...(strays && { strays }),
  });
  stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : asText(report, partitions === true));
  return kafka.ok && store.ok ? EXIT.done : EXIT.failed;
}

async function attempt<T>(env: Io['env'], read: () => Promise<T>): Promise<Part<T>> {
  try {
    return { ok: true, value: await read() };
  } catch (error) {
    return { ok: false, problem: sentenceOf(error, env) };
  }
}

const NO_URL = 'Not used: REPORT_URL is not set, so that nothing leaves this machine.';

function groupsOf(env: Io['env']): KnownGroup[] {
  const { REPORT_URL } = parseSettings(reportSettings, env);
  return [
    { group: ORDERS_GROUP, dlq: deadLetterTopic(ORDERS_GROUP) },
    {
      group: REPORT_GROUP,
      dlq: deadLetterTopic(REPORT_GROUP),
      ...(REPORT_URL === undefined && { unused: NO_URL }),
    },
  ];
}

async function readKafka(
  env: Io['env'],
  groups: readonly KnownGroup[],
): Promise<ReadonlyMap<string, GroupReading | undefined>> {
  const admin = await connectKafka(env);
  try {
    const now = Date.now();
    const readings = groups.map(
      async ({ group }) => [group, await readGroup(admin, group, TOPIC, now)] as const,
    );
    return new Map(await Promise.all(readings));
  } finally {
    await admin.close();
  }
}

/** Consumers that are asked where they should listen, because Kafka can't say who they are. */
async function findStrays(
  env: Io['env'],
  groups: readonly KnownGroup[],
): Promise<ReadonlyMap<string, readonly MemberReading[]>> {
  const { ORDERS_LISTEN, REPORT_LISTEN } = parseSettings({ ...ordersSettings, ...reportSettings }, env);
  const readings = groups.map(async ({ group }) => {
    const listen = group === REPORT_GROUP ? REPORT_LISTEN : ORDERS_LISTEN;
    return [group, listen === undefined ? [] : await askAt(group, listen)] as const;
  });
  return new Map(await Promise.all(readings));
}

async function readClickHouse(env: Io['env']): Promise<StoreReading> {
  const clickhouse = connectClickHouse(env);
  try {
    return await readStore(clickhouse);
  } finally {
    await clickhouse.close();
  }
}
