import { collectorSettings } from '../../producers/collector/settings.ts';
import type { ReportEncoderOptions } from '../../producers/report-encoder.ts';
import { producerSettings } from '../../producers/settings.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { createSchemas, framedId } from '../../schemas/index.ts';
import { credentialsFile } from '../../schemas/report_api/index.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';
import { recordedTopic } from '../../sql/records.ts';
import { CommandError } from '../failure.ts';
import type { Io } from '../io.ts';
import type { KeptLetter } from './letters.ts';
import { planOf, type Plan } from './plan.ts';
import { redriveSettings } from './settings.ts';

/** Plans dead letters with what the store and the schema registry know. */
export interface Planner {
  plan(letters: readonly KeptLetter[]): Promise<readonly Plan[]>;
  /** The recorded partition count of a topic that a plan names. */
  partitions(topic: string): number;
}

/** @throws {CommandError} if nothing was migrated */
export async function createPlanner(clickhouse: ClickHouse, env: Io['env']): Promise<Planner> {
  const { COLLECTOR_CREDENTIALS } = collectorSettings;
  const settings = parseSettings({ ...producerSettings, ...redriveSettings, COLLECTOR_CREDENTIALS }, env);
  const { COLLECTOR_CREDENTIALS: path } = settings;
  const credentials = path === undefined ? undefined : credentialsFile('COLLECTOR_CREDENTIALS', path);
  const schemas = createSchemas({ registryUrl: settings.SCHEMA_REGISTRY_URL });
  const partitions = new Map<string, number>();
  const learn = async (topic: string): Promise<void> => {
    const recorded = await recordedTopic(clickhouse, topic);
    if (recorded !== undefined) partitions.set(topic, recorded.partitions);
  };
  await learn(TOPIC);
  const reports: ReportEncoderOptions = {
    partitions: known(partitions, TOPIC),
    schemaId: await schemas.encodingId(TOPIC),
    chanCustom: settings.CHAN_CUSTOM,
  };
  return {
    partitions: (topic) => known(partitions, topic),
    async plan(letters) {
      const topics = new Set(letters.flatMap(({ letter: { origin } }) => (origin ? [origin.topic] : [])));
      for (const topic of topics) if (!partitions.has(topic)) await learn(topic);
      for (const { letter } of letters) {
        const id = letter.value === null ? undefined : framedId(letter.value);
        if (letter.reason === 'misrouted' && id !== undefined) await schemas.writer(id);
      }
      const { REDRIVE_LIMIT: limit } = settings;
      const context = { partitions, reportTopic: TOPIC, reports, credentials, schemas, limit };
      return letters.map(({ letter }) => planOf(letter, context));
    },
  };
}

function known(partitions: ReadonlyMap<string, number>, topic: string): number {
  const count = partitions.get(topic);
  if (count === undefined)
    throw new CommandError(`${topic} is not recorded in ClickHouse: run kaquan migrate first.`);
  return count;
}
