import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { planOf, type PlanContext } from '../../../cli/dlq/plan.ts';
import type { DeadLetter } from '../../../runtime/kafka/dead-letters.ts';
import { partitionOf } from '../../../runtime/kafka/partitioner.ts';
import { redriveHeaders, redriveOf } from '../../../runtime/kafka/redrive.ts';
import { ANY_APP } from '../../../schemas/report_api/index.ts';
import { createSchemas, encodeEvent, LATEST, parseReport } from '../../../schemas/index.ts';

const MINIMAL = new URL('../../../schemas/examples/valid/minimal.json', import.meta.url);
const report = JSON.parse(readFileSync(MINIMAL, 'utf8')) as { props: Record<string, unknown> };
const parsed = parseReport(report);
if (!parsed.ok) throw new Error('the example is valid');
const KEY = Buffer.from(`${parsed.event.wx_user.app_id}:${parsed.event.coupon.order_id}`);
const VALUE = encodeEvent(parsed.event);
const PARTITIONS = 7;

const context: PlanContext = {
  partitions: new Map([['topic', PARTITIONS]]),
  reportTopic: 'topic',
  reports: { partitions: PARTITIONS, schemaId: LATEST.id },
  credentials: undefined,
  schemas: createSchemas(),
  limit: 3,
};
const origin = { topic: 'topic', generation: 1, partition: 5, offset: 9, time: 1 };
const failed: DeadLetter = {
  group: 'orders',
  reason: 'unknown_schema',
  at: 1,
  origin,
  key: KEY,
  value: VALUE,
  headers: { trace: 'x' },
};
const overHttp = (body: unknown): DeadLetter => ({
  group: 'collector',
  reason: 'invalid',
  at: 1,
  key: null,
  value: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  headers: {},
});

describe('a redriven record', () => {
  it('has the bytes, the key and the headers that it had, and goes where its key hashes to', () => {
    const headers = { trace: 'x', redrive_group: 'orders', redrive_count: '1' };
    expect(planOf(failed, context)).toEqual({
      kind: 'publish',
      topic: 'topic',
      records: [{ partition: partitionOf(KEY, PARTITIONS), key: KEY, value: VALUE, headers }],
      count: 1,
    });
  });

  it('goes to its old partition if it has no key', () => {
    expect(planOf({ ...failed, key: null }, context)).toMatchObject({
      records: [{ partition: 5, key: null }],
    });
  });

  it.each([null, Buffer.from('of another order')])(
    "gets its order's key and partition if it was misrouted",
    (key) => {
      const plan = planOf({ ...failed, reason: 'misrouted', key }, context);
      expect(plan).toMatchObject({
        records: [{ partition: partitionOf(KEY, PARTITIONS), key: KEY, value: VALUE }],
      });
    },
  );

  it('stays where it is if it was misrouted and nobody can read where it belongs', () => {
    const value = Buffer.concat([Buffer.from([0, 0, 0, 0, 9]), VALUE.subarray(5)]);
    expect(planOf({ ...failed, reason: 'misrouted', value }, context)).toEqual({
      kind: 'keep',
      why: "its order can't be read: unknown_schema",
    });
  });

  it('is counted, and stays where it is once it failed as often as it may', () => {
    let letter = failed;
    for (const count of [1, 2, 3]) {
      const plan = planOf(letter, context);
      if (plan.kind === 'keep') throw new Error(plan.why);
      const headers = plan.records[0]?.headers ?? {};
      expect(redriveOf(headers)).toEqual({ group: 'orders', count });
      letter = { ...failed, headers };
    }
    expect(planOf(letter, context)).toEqual({ kind: 'keep', why: 'it failed again 3 times (REDRIVE_LIMIT)' });
  });

  it('was never redriven for another group by the group that fails now: it is named anew', () => {
    const headers = redriveHeaders({}, { group: 'report', count: 1 });
    expect(planOf({ ...failed, headers }, context)).toMatchObject({
      records: [{ headers: { redrive_group: 'orders', redrive_count: '2' } }],
    });
  });

  it('stays where it is if its topic is gone', () => {
    expect(planOf({ ...failed, origin: { ...origin, topic: 'old' } }, context)).toEqual({
      kind: 'keep',
      why: 'there is no topic old any more',
    });
  });
});

describe('what came over HTTP', () => {
  it('is published as the report that it is, for every group', () => {
    const plan = planOf(overHttp(report), context);
    expect(plan).toEqual({
      kind: 'publish',
      topic: 'topic',
      records: [{ partition: partitionOf(KEY, PARTITIONS), key: KEY, value: VALUE }],
      count: 1,
    });
  });

  it('may be a list of reports', () => {
    expect(planOf(overHttp([report, report]), context)).toMatchObject({
      records: [{ key: KEY }, { key: KEY }],
    });
  });

  it('may begin with a byte order mark', () => {
    expect(planOf(overHttp(`\ufeff${JSON.stringify(report)}`), context)).toMatchObject({
      records: [{ key: KEY }],
    });
  });

  it('stays where it is as long as its app is not that of who sent it', () => {
    const detail = '[{"path":"props.wx_user.app_id","rule":"app_id"}]';
    const letter = { ...overHttp(report), detail, headers: { http_app_id: 'issued' } };
    const foreign = { kind: 'keep', why: 'it still breaks app_id' };
    const asApp = (appId: string): PlanContext => ({
      ...context,
      credentials: new Map([[ANY_APP, { appId, secret: undefined }]]),
    });
    expect(planOf(letter, context)).toEqual(foreign);
    expect(planOf(letter, asApp('another'))).toEqual(foreign);
    expect(planOf({ ...letter, detail: '' }, asApp('another'))).toEqual(foreign);
    expect(planOf(letter, asApp('issued'))).toMatchObject({ records: [{ key: KEY }] });
  });

  it.each([
    ['it is no JSON in UTF-8', '{'],
    ['it holds no report', []],
    ['it still breaks R1', { type: 'other', props: report.props }],
    ['it still breaks R2', [report, { ...report, props: { ...report.props, page: '' } }]],
  ])('stays where it is: %s', (why, body) => {
    expect(planOf(overHttp(body), context)).toEqual({ kind: 'keep', why });
  });
});
