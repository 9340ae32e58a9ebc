import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { pino } from 'pino';

import type { Finding } from '../../cli/doctor/finding.ts';
import { createKafka } from '../../runtime/kafka/client.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { done, endConsumers, kaquan, simulate, startConsumer, storeOf } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';

let stack: TestStack;
let env: TestStack['env'];

beforeAll(async () => {
  stack = await startTestStack();
  env = { ...stack.env, SCHEMA_REGISTRY_URL: stack.clickhouseUrl, ORDERS_LISTEN: '127.0.0.1:0' };
}, 120_000);

afterAll(async () => {
  endConsumers();
  await stack.stop();
}, 60_000);

async function doctor(settings: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await kaquan(['doctor', '--json'], { ...env, ...settings });
  const findings = JSON.parse(stdout) as Finding[];
  return { code, wrong: findings.filter(({ wrong }) => wrong), findings };
}

/** What is wrong, with its mend, in one text each. */
const wrongs = async (settings?: Readonly<Record<string, string>>): Promise<string[]> =>
  (await doctor(settings)).wrong.map(({ about, sentence, mend }) => `${about}: ${sentence} ${mend ?? ''}`);

const sql = async (...statements: string[]): Promise<void> => {
  const store = storeOf(stack);
  try {
    for (const statement of statements) await store.command(statement);
  } finally {
    await store.close();
  }
};

type Admin = ReturnType<ReturnType<typeof createKafka>['admin']>;

async function asAdmin(work: (admin: Admin) => Promise<unknown>): Promise<void> {
  const logger = pino({ level: 'silent' });
  const admin = createKafka({ brokers: [stack.brokers], clientId: 'test', logger }).admin();
  await admin.connect();
  await work(admin);
  await admin.disconnect();
}

const configure = (topic: string, name: string, value: string): Promise<void> =>
  asAdmin((admin) =>
    admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [
            { name: 'cleanup.policy', value: 'delete' },
            { name: 'message.timestamp.type', value: 'LogAppendTime' },
            { name: 'retention.ms', value: '-1' },
            { name: 'retention.bytes', value: '-1' },
            { name: 'min.insync.replicas', value: '1' },
          ].map((entry) => (entry.name === name ? { name, value } : entry)),
        },
      ],
    }),
  );

describe('kaquan doctor', () => {
  it('says what to do before anything was made', async () => {
    const found = await wrongs();
    expect(found).toContain(`topics: There is no topic ${TOPIC}. Run kaquan migrate, which makes it.`);
    expect(found).toContain('tables: There are no tables yet. Run kaquan migrate, which makes them.');
  }, 60_000);

  it('finds nothing where nothing is wrong', async () => {
    await done(['migrate'], env);
    // The embedded registry takes no schema.
    await simulate(stack.env, '--orders', '50', '--seed', '1', '--invalid', '0', '--duplicates', '0');
    const consumer = startConsumer(env);
    await consumer.says('committed');
    const { code, wrong, findings } = await doctor();
    expect({ code, wrong }).toEqual({ code: 0, wrong: [] });
    expect(new Set(findings.map(({ about }) => about))).toEqual(
      new Set([
        'settings',
        'brokers',
        'topics',
        'groups',
        'clocks',
        'ClickHouse',
        'disk',
        'tables',
        'dead letters',
        'registry',
      ]),
    );
    expect((await kaquan(['doctor'], env)).stdout).toMatch(/^ok {5}settings [^]*\nNothing is wrong\.\n$/);
    consumer.child.kill('SIGSTOP');
    expect((await wrongs()).join('\n')).toMatch(
      /groups: A consumer of orders, .*:\d+: It does not answer at http.*frozen.*Start it again\./,
    );
    consumer.child.kill('SIGCONT');
    consumer.child.kill('SIGTERM');
    await consumer.ended;
    expect(await wrongs()).toEqual([
      'groups: Nobody consumes as the group orders. Start kaquan consume orders.',
    ]);
  }, 120_000);

  it('finds settings that break a rule, and checks the rest all the same', async () => {
    const found = await wrongs({
      KAFKA_REPLICATION: 'many',
      KAFKA_PARTITIONS: '5',
      REPORT_LEDGER_TTL_DAYS: '7',
    });
    expect(found.join('\n')).toMatch(/settings: KAFKA_REPLICATION: must be a whole number/);
    expect(found.join('\n')).toMatch(/settings: REPORT_LEDGER_TTL_DAYS=7 forgets deliveries/);
    expect(found.join('\n')).toMatch(
      /topics: .* has 4 partitions, but KAFKA_PARTITIONS is 5\. Set KAFKA_PARTITIONS=4/,
    );
    expect(found.join('\n')).toMatch(
      /tables: .* REPORT_LEDGER_TTL_DAYS says for 7 days\. Run kaquan migrate/,
    );
    expect(await wrongs({ KAFKA_REPLICATION: '3' })).toContain(
      'brokers: KAFKA_REPLICATION is 3, but the cluster has 1 brokers. ' +
        'Start the brokers that are missing, or set KAFKA_REPLICATION to what there is.',
    );
    expect((await wrongs({ REPORT_URL: 'http://127.0.0.1:1' })).join('\n')).toMatch(
      /settings: REPORT_CREDENTIALS is not set/,
    );
  }, 120_000);

  it.each([
    ['retention.ms', '60000', '-1'],
    ['cleanup.policy', 'compact', 'delete'],
    ['message.timestamp.type', 'CreateTime', 'LogAppendTime'],
  ])(
    'finds a topic with another %s',
    async (name, value, must) => {
      await configure(TOPIC, name, value);
      expect((await wrongs()).join('\n')).toContain(
        `topics: ${TOPIC} has ${name}=${value}, and it must be ${must}. kafka-configs.sh --bootstrap-server ${stack.brokers} --alter`,
      );
      await configure(TOPIC, name, must);
    },
    60_000,
  );

  it('finds a commit beyond the log, and what retention removed before it was read', async () => {
    await asAdmin((admin) =>
      admin.setOffsets({
        groupId: 'orders',
        topic: TOPIC,
        partitions: [{ partition: 0, offset: '1000000' }],
      }),
    );
    expect((await wrongs()).join('\n')).toMatch(
      /groups: orders, partition 0: the log ends at \d+, but 1000000 was already processed: .*\. Run `kaquan rebuild orders`/,
    );
    await simulate(stack.env, '--orders', '50', '--seed', '2', '--invalid', '0', '--duplicates', '0');
    await asAdmin(async (admin) => {
      const end = (await admin.fetchTopicOffsets(TOPIC)).find(({ partition }) => partition === 0)?.high ?? '';
      await admin.setOffsets({
        groupId: 'orders',
        topic: TOPIC,
        partitions: [{ partition: 0, offset: '2' }],
      });
      expect((await wrongs()).join('\n')).not.toMatch(/partition 0/);
      await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: end }] });
    });
    expect((await wrongs()).join('\n')).toMatch(
      /groups: orders, partition 0: offsets \d+ to \d+ are neither stored nor a dead letter, .*removed them.*--accept-gap/,
    );
  }, 60_000);

  it('says that a rebuild keeps the consumers away', async () => {
    const step = (name: string, sequence: number): string =>
      `INSERT INTO kaquan_store.rebuilds (number, sequence, step, consumer_groups, plan) SELECT 9, ${sequence}, '${name}', ['orders'], ''`;
    await sql(step('hold', 1), step('exchange', 2));
    expect(await wrongs()).toContain(
      'groups: Nobody consumes as the group orders: rebuild 9 exchanges the tables. ' +
        'Wait for it; if nobody runs it any more, run kaquan rebuild orders again, which finishes or releases it.',
    );
    await sql(step('release', 3));
    expect(await wrongs()).toContain(
      'groups: Nobody consumes as the group orders. Start kaquan consume orders.',
    );
  }, 60_000);

  it('finds a migration that is missing, another fold, and one that this program does not know', async () => {
    const numbers = 'version, name, checksum, owner';
    await sql(
      `CREATE TABLE kaquan_store.migrations_kept AS kaquan_store.migrations`,
      `INSERT INTO kaquan_store.migrations_kept SELECT * FROM kaquan_store.migrations`,
      'ALTER TABLE kaquan_store.migrations DELETE WHERE version = 5 SETTINGS mutations_sync = 1',
    );
    expect((await wrongs()).join('\n')).toMatch(/tables: The tables lack 0005_.*\.sql.* Run kaquan migrate/);
    await sql(
      `INSERT INTO kaquan_store.migrations SELECT * FROM kaquan_store.migrations_kept WHERE version = 5`,
      `INSERT INTO kaquan_store.facts (name, value, recorded_at) SELECT 'fold_version', '0', now64(3) + 10`,
    );
    expect((await wrongs()).join('\n')).toMatch(
      /tables: The tables were filled by fold version 0, .* Run kaquan rebuild orders/,
    );
    await sql(
      `INSERT INTO kaquan_store.migrations (${numbers}) SELECT 9999, '9999_of_tomorrow.sql', '', 'test'`,
    );
    expect((await wrongs()).join('\n')).toMatch(
      /9999_of_tomorrow\.sql, which this program does not know\. To mend it: upgrade/,
    );
  }, 120_000);

  it('finds too many parts, a mutation that fails, and dead letters', async () => {
    const row = "'orders', 1, 0, number, now64(3), 'misrouted', now64(3)";
    await sql(
      'SYSTEM STOP MERGES kaquan_store.dead_letters',
      `INSERT INTO kaquan_store.dead_letters SELECT ${row} FROM numbers(600)
       SETTINGS max_block_size = 1, min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_threads = 1`,
    );
    // A server that waits for its mutations says itself that this one fails; it stays all the same.
    await sql('ALTER TABLE kaquan_store.events UPDATE page = toString(throwIf(offset >= 0)) WHERE 1').catch(
      () => undefined,
    );
    for (let looks = 0; looks < 40; looks++)
      if ((await wrongs()).some((one) => one.includes('FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'))) break;
    const found = (await wrongs()).join('\n');
    expect(found).toMatch(
      /ClickHouse: kaquan_store\.dead_letters has 6\d\d parts in its partition .*: merges do not keep up/,
    );
    expect(found).toMatch(
      /ClickHouse: The mutation \S+ of kaquan_store\.events is not done after .*: FUNCTION_THROW_IF.* KILL MUTATION WHERE/,
    );
    expect(found).toMatch(
      /dead letters: orders has 600 of the reason misrouted\. .*kaquan dlq redrive orders --reason misrouted/,
    );
  }, 120_000);

  it('finds that the topics of dead letters, or all of it, is gone', async () => {
    await asAdmin((admin) => admin.deleteTopics({ topics: [`${TOPIC}.dlq.report`] }));
    expect(await wrongs()).toContain(
      `topics: There is no topic ${TOPIC}.dlq.report. Run kaquan migrate, which makes it.`,
    );
    const away = { CLICKHOUSE_URL: 'http://127.0.0.1:1', SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1' };
    const withoutStore = (await wrongs(away)).join('\n');
    expect(withoutStore).toMatch(
      /ClickHouse: ClickHouse does not answer at http:\/\/127\.0\.0\.1:1.*Start it with/,
    );
    expect(withoutStore).toMatch(
      /registry: The schema registry at http:\/\/127\.0\.0\.1:1 does not do its part/,
    );
    expect(withoutStore).toMatch(/topics: There is no topic/);
    const withoutKafka = (await wrongs({ KAFKA_BROKERS: '127.0.0.1:1' })).join('\n');
    expect(withoutKafka).toMatch(/brokers: Kafka does not answer at 127\.0\.0\.1:1.*Start it with/);
    expect(withoutKafka).toMatch(/dead letters: orders has 600/);
  }, 120_000);
});
