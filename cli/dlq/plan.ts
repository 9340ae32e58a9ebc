import { lastText, type DeadLetter } from '../../runtime/kafka/dead-letters.ts';
import { partitionOf } from '../../runtime/kafka/partitioner.ts';
import type { OutRecord } from '../../runtime/kafka/producer.ts';
import { redriveHeaders, redriveOf } from '../../runtime/kafka/redrive.ts';
import { framedId, type Schemas } from '../../schemas/index.ts';
import { covers, type Credentials } from '../../schemas/report_api/index.ts';
import { jsonIn } from '../../producers/collector/body.ts';
import { FOREIGN_RULE } from '../../producers/collector/judgement.ts';
import { encodeReport, type ReportEncoderOptions } from '../../producers/report-encoder.ts';
import { UNMARKED } from './letters.ts';

/** What to do with a dead letter: publish its record again, or leave it where it is. */
export type Plan =
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly records: readonly OutRecord[];
      /** How many times its record is redriven then. */
      readonly count: number;
    }
  | { readonly kind: 'keep'; readonly why: string };

export interface PlanContext {
  /** By topic, the recorded partition count. */
  readonly partitions: ReadonlyMap<string, number>;
  /** The topic that reports are published on. */
  readonly reportTopic: string;
  readonly reports: ReportEncoderOptions;
  /** The apps that may report over HTTP; undefined: they are not told. */
  readonly credentials: Credentials | undefined;
  /** With the schemas of the records that are to be planned loaded. */
  readonly schemas: Schemas;
  /** How many times a record is redriven at most. */
  readonly limit: number;
}

const keep = (why: string): Plan => ({ kind: 'keep', why });

/** Decides on one dead letter. Pure. */
export function planOf(letter: DeadLetter, context: PlanContext): Plan {
  if (letter.reason === UNMARKED) return keep('no dead letter: nobody wrote where it comes from');
  if (letter.origin === undefined) return reportPlan(letter, context);
  const { topic, partition } = letter.origin;
  const partitions = context.partitions.get(topic);
  if (partitions === undefined) return keep(`there is no topic ${topic} any more`);
  const count = (redriveOf(letter.headers)?.count ?? 0) + 1;
  if (count > context.limit) return keep(`it failed again ${context.limit} times (REDRIVE_LIMIT)`);
  const key = letter.reason === 'misrouted' ? orderKey(letter, context.schemas) : letter;
  if ('unreadable' in key) return keep(`its order can't be read: ${key.unreadable}`);
  const record = {
    partition: key.key === null ? partition : partitionOf(key.key, partitions),
    key: key.key,
    value: letter.value,
    headers: redriveHeaders(letter.headers, { group: letter.group, count }),
  };
  return { kind: 'publish', topic, records: [record], count };
}

/** The key that the record should have had. */
function orderKey({ value }: DeadLetter, schemas: Schemas): { key: Buffer } | { unreadable: string } {
  const id = value === null ? undefined : framedId(value);
  if (id === undefined || value === null) return { unreadable: 'not_framed' };
  const folded = schemas.decodeFolded(id, value);
  if (!folded.ok) return { unreadable: folded.reason };
  const { wx_user: user, coupon } = folded.value;
  return { key: Buffer.from(`${user.app_id}:${coupon.order_id}`) };
}

/** What came over HTTP and was never published is a report still; no group has seen it, so that it is for all of them. */
function reportPlan(letter: DeadLetter, { reports, reportTopic, credentials }: PlanContext): Plan {
  const body = parsed(letter.value);
  if (body === undefined) return keep('it is no JSON in UTF-8');
  const all = Array.isArray(body) ? (body as unknown[]) : [body];
  const encoded = all.map((report) => encodeReport(report, reports));
  const rules = encoded.flatMap((one) => {
    if (!one.ok) return one.violations.map(({ rule }) => rule);
    return isForeign(letter, one.accepted.app_id, credentials) ? [FOREIGN_RULE] : [];
  });
  if (rules.length > 0) return keep(`it still breaks ${[...new Set(rules)].sort().join(', ')}`);
  const records = encoded.flatMap((one) => (one.ok ? [one.record] : []));
  return records.length === 0
    ? keep('it holds no report')
    : { kind: 'publish', topic: reportTopic, records, count: 1 };
}

/** Whether an event is not its sender's. Without credentials nobody can say that it has become his. */
function isForeign(
  { headers, detail = '' }: DeadLetter,
  appId: string,
  credentials: Credentials | undefined,
): boolean {
  if (credentials === undefined) return detail.includes(`"rule":"${FOREIGN_RULE}"`);
  return !covers(credentials, lastText(headers, 'http_app_id') ?? '', appId);
}

function parsed(value: Buffer | null): unknown {
  try {
    return value === null ? undefined : jsonIn(value);
  } catch {
    return undefined;
  }
}
