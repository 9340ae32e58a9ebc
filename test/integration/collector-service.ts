import { createSecretKey, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';

import { startCollector } from '../../producers/collector/main.ts';
import { collectorSettings } from '../../producers/collector/settings.ts';
import type { HttpService } from '../../runtime/http/service.ts';
import { readDeadLetter, type DeadLetter } from '../../runtime/kafka/dead-letters.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { createSchemas, eventIdText, framedId, type CouponOrderEvent } from '../../schemas/index.ts';
import { deadLetterTopic, TOPIC } from '../../schemas/coupon_order/topic.ts';
import { reportQuery } from '../../schemas/report_api/index.ts';
import type { TestStack } from '../stack.ts';
import { createTopic, readLog } from './producers-log.ts';

export const PARTITIONS = 4;
export const APP = 'wx9d4f5f22a099f820';

const schemas = createSchemas();

export const createTopics = async (brokers: string): Promise<void> => {
  await createTopic(brokers, TOPIC, PARTITIONS);
  await createTopic(brokers, deadLetterTopic('collector'), 1);
};

/** A collector of this process, on a free port. */
export function collectorOn(
  brokers: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<HttpService> {
  const env = {
    KAFKA_BROKERS: brokers,
    KAFKA_PARTITIONS: String(PARTITIONS),
    COLLECTOR_LISTEN: '127.0.0.1:0',
    ...settings,
  };
  const config = parseSettings(collectorSettings, env);
  return startCollector({ config, logger: pino({ level: 'silent' }), now: Date.now });
}

/** Writes a credentials file that is there while `work` runs. */
export async function withCredentials<T>(content: object, work: (path: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-credentials-'));
  try {
    const path = join(folder, 'credentials.json');
    writeFileSync(path, JSON.stringify(content));
    return await work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const report = (order: string, more: object = {}, app = APP) => ({
  type: 'coupon_order',
  props: {
    coupon: {
      order_id: order,
      order_time: '1700000000000',
      order_status: 'pay',
      coupon_batch_id: 'b',
      pay_amt: '9.00',
      ...more,
    },
    coupon_info: [{ coupon_id: 'c' }],
    page: 'pages/product',
    time: 1700000000000,
    wx_user: { app_id: app, open_id: 'ogN6X0T' },
    chan: { chan_wxapp_scene: 1037 },
  },
});

/** The query of a request, signed if there is a secret. */
export const queryOf = (appId = 'bi1', secret?: string, more: object = {}): string =>
  reportQuery(
    {
      appId,
      timestamp: Math.floor(Date.now() / 1000),
      nonce: randomUUID().replaceAll('-', ''),
      ...more,
    },
    secret === undefined ? undefined : createSecretKey(secret, 'utf8'),
  );

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly code: number; readonly msg: string; readonly violations?: readonly object[] };
}

/** Posts a body, an object as JSON. */
export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const response = await fetch(url, { method: 'POST', body: sent, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answered['body'],
  };
}

export async function eventsOn(brokers: string): Promise<CouponOrderEvent[]> {
  return (await readLog(brokers, TOPIC)).map(({ value }) => {
    const bytes = value ?? Buffer.alloc(0);
    const decoded = schemas.decodeEvent(framedId(bytes) ?? -1, bytes);
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.value;
  });
}

export const idOf = ({ event_id }: CouponOrderEvent): string => eventIdText(event_id);

export async function lettersOn(brokers: string): Promise<DeadLetter[]> {
  const records = await readLog(brokers, deadLetterTopic('collector'));
  return records.map(({ value, headers }) => {
    const letter = readDeadLetter({ key: null, value, headers });
    if (letter === undefined) throw new Error('the record is no dead letter');
    return letter;
  });
}

/** A metric's value, as `GET /metrics` tells it. */
export async function metric(url: string, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}

/** The id of the stack's Kafka: the Java process that a child of the stack runs. */
export function brokerOf({ child }: TestStack): number {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [{ pid: Number(name), parent, isJava: stat.includes('(java)') }];
      } catch {
        return [];
      }
    });
  const shells = processes.filter(({ parent }) => parent === child.pid).map(({ pid }) => pid);
  const broker = processes.find(({ parent, isJava }) => isJava && shells.includes(parent));
  if (broker === undefined) throw new Error('the stack runs no Kafka');
  return broker.pid;
}
