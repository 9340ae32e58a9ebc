import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';

import type { HttpService } from '../../runtime/http/service.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { arbitraryReport } from '../arbitrary/event.ts';
import { collectorOn, createTopics, queryOf, withCredentials } from './collector-service.ts';

interface Answer {
  readonly content: Readonly<Record<string, { readonly schema?: object }>>;
  readonly headers?: Readonly<Record<string, object>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let stack: TestStack;
let unlimited: HttpService;
let limited: HttpService;
let document: Document;

beforeAll(async () => {
  stack = await startTestStack();
  await createTopics(stack.brokers);
  const settings = {
    COLLECTOR_BODY_BYTES: '20000',
    COLLECTOR_ARRAY_MAX: '5',
    COLLECTOR_UNREADABLE_RATE: '1',
  };
  await withCredentials({ '*': { app_id: 'bi1', app_secret: 'xyz' } }, async (path) => {
    const all = { ...settings, COLLECTOR_CREDENTIALS: path };
    unlimited = await collectorOn(stack.brokers, { ...all, COLLECTOR_RATE: '0' });
    limited = await collectorOn(stack.brokers, { ...all, COLLECTOR_RATE: '1' });
  });
  document = (await (await fetch(`${unlimited.url}/openapi.json`)).json()) as Document;
}, 120_000);

afterAll(async () => {
  await Promise.all([unlimited.stop(0), limited.stop(0)]);
  await stack.stop();
}, 60_000);

it('is a valid OpenAPI document', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...document });
  expect([valid, errors]).toEqual([true, undefined]);
  expect(validator.version).toBe('3.1');
});

const query = fc.oneof(
  { arbitrary: fc.constantFrom('token=bi1', 'signed', 'unsigned'), weight: 6 },
  { arbitrary: fc.constantFrom('token=', 'token=bi2', '', 'wrongly signed', 'late'), weight: 2 },
  { arbitrary: fc.webQueryParameters(), weight: 1 },
);

function queryText(kind: string): string {
  if (kind === 'signed') return queryOf('bi1', 'xyz');
  if (kind === 'unsigned') return queryOf('bi1');
  if (kind === 'wrongly signed') return queryOf('bi1', 'abc');
  if (kind === 'late') return queryOf('bi1', 'xyz', { timestamp: 1_700_000_000 });
  return kind;
}

const anyReport = fc.oneof(
  { arbitrary: arbitraryReport(), weight: 4 },
  {
    arbitrary: fc.record({ type: fc.constantFrom('app_show', 'coupon_order', 7), props: fc.jsonValue() }),
    weight: 2,
  },
  { arbitrary: fc.jsonValue(), weight: 1 },
);

const body = fc.oneof(
  { arbitrary: anyReport.map((one) => JSON.stringify(one)), weight: 3 },
  { arbitrary: fc.array(anyReport, { maxLength: 7 }).map((some) => JSON.stringify(some)), weight: 3 },
  { arbitrary: fc.string(), weight: 1 },
  { arbitrary: fc.integer({ min: 19_000, max: 21_000 }).map((length) => ' '.repeat(length)), weight: 1 },
);

interface Asked {
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly type: string;
}

const requests = (): fc.Arbitrary<Asked> =>
  fc.record({
    path: fc.constantFrom(...Object.keys(document.paths)),
    query,
    body,
    type: fc.constantFrom('application/json', 'text/plain', 'application/x-sr-encrypted', 'nonsense'),
  });

/** Sends random requests. @returns each path with each status that was answered, all of them as documented */
async function answered(url: string, numRuns: number): Promise<Set<string>> {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(requests(), async (asked) => {
      seen.add(`${asked.path} ${await documentedStatus(url, asked)}`);
    }),
    { seed: 20_261_122, numRuns },
  );
  return seen;
}

const ajv = new Ajv2020({ strict: false });

async function documentedStatus(
  url: string,
  { path, query: kind, body: sent, type }: Asked,
): Promise<number> {
  const [method = '', operation] = Object.entries(document.paths[path] ?? {})[0] ?? [];
  const response = await fetch(`${url}${path}?${queryText(kind)}`, {
    method: method.toUpperCase(),
    ...(method === 'post' && { body: sent, headers: { 'content-type': type } }),
  });
  const text = await response.text();
  const answer = operation?.responses[String(response.status)];
  expect([path, response.status, answer !== undefined]).toEqual([path, response.status, true]);
  const [mediaType, content] = Object.entries(answer?.content ?? {})[0] ?? [];
  expect(response.headers.get('content-type')).toContain(mediaType);
  if (content?.schema !== undefined)
    expect([text, ajv.validate(content.schema, JSON.parse(text))]).toEqual([text, true]);
  for (const name of Object.keys(answer?.headers ?? {})) expect(response.headers.get(name)).not.toBeNull();
  return response.status;
}

it('is kept by every answer, whatever is asked', async () => {
  const seen = await answered(unlimited.url, 300);
  // The requests reached what they are meant to reach.
  for (const path of ['/api/report', '/api/v1/safe-report'])
    for (const status of [200, 401, 413]) expect(seen).toContain(`${path} ${status}`);
  expect(seen).toContain('/api/v1/safe-report 400');
  expect(seen).toContain('/readyz 200');
}, 120_000);

it('is kept by the answers of a collector that is at its limit', async () => {
  const seen = await answered(limited.url, 60);
  for (const path of ['/api/report', '/api/v1/safe-report']) expect(seen).toContain(`${path} 429`);
}, 120_000);
