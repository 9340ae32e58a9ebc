import pRetry from 'p-retry';

import { createTopicLink, type TopicLink } from '../producers/delivery/topic-link.ts';
import { isFinal } from '../producers/delivery/retry.ts';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../runtime/kafka/admin.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { createSchemas, framedId } from '../schemas/index.ts';
import { deadLettersOf, deadLetterTopic } from '../schemas/coupon_order/topic.ts';
import { producerSettings } from '../producers/settings.ts';
import { recordedTopic } from '../sql/records.ts';
import { commandLogger, connectClickHouse, connectKafka, kafkaClient } from './connections.ts';
import { redriveLedger } from './dlq/ledger.ts';
import { keptLetters, letterAt, placeText, type DeadLetterLog } from './dlq/letters.ts';
import { LetterTallies, type LetterCounts } from './dlq/list.ts';
import { createPlanner, type Planner } from './dlq/planning.ts';
import { redrive, type RedriveOptions } from './dlq/redrive.ts';
import { shownLetter, shownText } from './dlq/show.ts';
import { listText, redriveText } from './dlq/text.ts';
import { CommandError, EXIT } from './failure.ts';
import type { Io } from './io.ts';

interface Json {
  readonly json?: true;
}

/** `kaquan dlq list`: each group's dead letters by reason. */
export async function dlqList({ group, json }: Json & { readonly group?: string }, io: Io): Promise<number> {
  const all = await connected(io.env, async ({ admin, clickhouse }) => {
    const counts: LetterCounts[] = [];
    for (const name of group === undefined ? await groups(admin) : [group])
      counts.push(await countsOf(await logOf(name, io.env, admin, clickhouse), clickhouse));
    return counts;
  });
  io.stdout.write(json ? `${JSON.stringify(all, null, 2)}\n` : listText(all));
  return EXIT.done;
}

async function countsOf(log: DeadLetterLog, clickhouse: ClickHouse): Promise<LetterCounts> {
  const tallies = new LetterTallies();
  const ledger = redriveLedger(clickhouse, log.group);
  for await (const letters of keptLetters(log)) {
    const redriven = await ledger.find(letters);
    for (const letter of letters) tallies.add(letter, redriven);
  }
  return tallies.counts(log.group, log.topic);
}

/** `kaquan dlq show`: one dead letter, whole. @param id partition:offset, or an offset of partition 0 */
export async function dlqShow(
  { group, id, json }: Json & { readonly group: string; readonly id: string },
  io: Io,
): Promise<number> {
  const [, partition = '0', offset = ''] = /^(?:(\d+):)?(\d+)$/.exec(id) ?? [];
  if (offset === '')
    throw new CommandError(`an id is partition:offset, such as 0:17, not ${id}`, EXIT.wrongUse);
  const letter = await connected(io.env, async ({ admin, clickhouse }) => {
    const log = await logOf(group, io.env, admin, clickhouse);
    const kept = await letterAt(log, Number(partition), Number(offset));
    if (kept === undefined)
      throw new CommandError(`${log.topic} has nothing at ${partition}:${offset}; see kaquan dlq list.`);
    const redriven = await redriveLedger(clickhouse, group).find([kept]);
    const schemas = createSchemas({
      registryUrl: parseSettings(producerSettings, io.env).SCHEMA_REGISTRY_URL,
    });
    const schemaId = kept.letter.value === null ? undefined : framedId(kept.letter.value);
    if (schemaId !== undefined) await schemas.writer(schemaId).catch(() => undefined);
    return shownLetter(kept, redriven.get(placeText(kept.place)), schemas);
  });
  io.stdout.write(json ? `${JSON.stringify(letter, null, 2)}\n` : shownText(letter));
  return EXIT.done;
}

export interface RedriveCommand extends Json, Omit<RedriveOptions, 'dryRun'> {
  readonly group: string;
  readonly dryRun?: true;
  /** Only what was kept since then. */
  readonly since?: Date;
}

/** `kaquan dlq redrive`: publishes dead letters again. @returns 0, also if some stay where they are */
export async function dlqRedrive(
  { group, since, json, ...options }: RedriveCommand,
  io: Io,
): Promise<number> {
  const done = await connected(io.env, async ({ admin, clickhouse }) => {
    const log = await logOf(group, io.env, admin, clickhouse);
    const planner = await createPlanner(clickhouse, io.env);
    const links = new Map<string, TopicLink>();
    try {
      return await redrive(
        group,
        { ...options, dryRun: options.dryRun === true },
        {
          letters: keptLetters(log, since?.getTime()),
          ledger: redriveLedger(clickhouse, group),
          plan: (letters) => planner.plan(letters),
          producer: (topic) => Promise.resolve(linkTo(topic, links, planner, io.env)),
        },
      );
    } finally {
      await Promise.allSettled([...links.values()].map((link) => link.close()));
    }
  });
  io.stdout.write(json ? `${JSON.stringify(done, null, 2)}\n` : redriveText(done));
  return EXIT.done;
}

/** Also checks that the topic still has the recorded partitions. */
function linkTo(
  topic: string,
  links: Map<string, TopicLink>,
  planner: Planner,
  env: Io['env'],
): Pick<TopicLink, 'send'> {
  let link = links.get(topic);
  if (link === undefined) {
    const { KAFKA_BROKERS: brokers } = parseSettings(kafkaSettings, env);
    const partitions = planner.partitions(topic);
    link = createTopicLink({
      brokers,
      clientId: 'kaquan-redrive',
      topic,
      partitions,
      logger: commandLogger(env),
    });
    links.set(topic, link);
  }
  const opened = link;
  return {
    send: (records) =>
      pRetry(() => opened.send(records), { retries: 5, shouldRetry: ({ error }) => !isFinal(error) }),
  };
}

/** Whose dead letters there are topics for. */
async function groups(admin: KafkaAdmin): Promise<string[]> {
  const all = (await admin.topics()).map(deadLettersOf);
  return all.filter((group) => group !== undefined).sort();
}

/** @throws {CommandError} if there is no such topic */
async function logOf(
  group: string,
  env: Io['env'],
  admin: KafkaAdmin,
  clickhouse: ClickHouse,
): Promise<DeadLetterLog> {
  const topic = deadLetterTopic(group);
  const known = await groups(admin);
  if (!known.includes(group)) {
    const names =
      known.length === 0 ? 'Run kaquan migrate first.' : `There are dead letters of ${known.join(', ')}.`;
    throw new CommandError(`there is no topic ${topic}. ${names}`);
  }
  const recorded = await recordedTopic(clickhouse, topic);
  return { kafka: kafkaClient(env), admin, group, topic, generation: recorded?.generation ?? 0 };
}

async function connected<T>(
  env: Io['env'],
  work: (parts: { readonly admin: KafkaAdmin; readonly clickhouse: ClickHouse }) => Promise<T>,
): Promise<T> {
  const admin = await connectKafka(env);
  const clickhouse = connectClickHouse(env);
  try {
    return await work({ admin, clickhouse });
  } finally {
    await Promise.allSettled([admin.close(), clickhouse.close()]);
  }
}
