import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import avsc from 'avsc';
import {
  createClickHouse,
  isDataRefusal,
  type ClickHouse,
  type ReadOptions,
} from '../../runtime/clickhouse/client.ts';
import { createReader, type OpenReader } from '../../runtime/clickhouse/reader.ts';
import { pairsCondition, tupleList } from '../../runtime/clickhouse/literals.ts';
import { startTestClickHouse, type TestClickHouse } from '../stack.ts';

let stack: TestClickHouse;
let clickhouse: ClickHouse;
let reader: OpenReader;

const connect = (user: string, password: string) =>
  createClickHouse({ url: stack.clickhouseUrl, user, password, clientName: 'test' });

beforeAll(async () => {
  stack = await startTestClickHouse();
  clickhouse = connect('kaquan', 'kaquan');
  reader = createReader({ url: stack.clickhouseUrl, user: 'kaquan', password: 'kaquan', clientName: 'test' });
  await clickhouse.command('CREATE DATABASE IF NOT EXISTS kaquan_store');
}, 120_000);

afterAll(async () => {
  await Promise.all([clickhouse.close(), reader.close()]);
  await stack.stop();
});

beforeEach(() =>
  clickhouse.command(`
    CREATE OR REPLACE TABLE kaquan_store.t (app String, id String, n Int32, kind Enum8('a' = 1, 'b' = 2))
    ENGINE = MergeTree ORDER BY (app, id)`),
);

const insert = (format: string, body: Buffer, table = 't') =>
  clickhouse.insert(`INSERT INTO kaquan_store.${table} FORMAT ${format}`, [body], { timeoutMs: 10_000 });

const count = async () =>
  (await clickhouse.query<{ n: string }>('SELECT count() AS n FROM kaquan_store.t'))[0]?.n;

const ROW = Buffer.from([1, 97, 1, 98, 7, 0, 0, 0, 1]);

const AVRO = avsc.Type.forSchema({
  type: 'record',
  name: 'Row',
  fields: [
    { name: 'app', type: 'string' },
    { name: 'id', type: 'string' },
    { name: 'n', type: 'int' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['a', 'b'] } },
  ],
});

async function container(): Promise<Buffer> {
  const encoder = new avsc.streams.BlockEncoder(AVRO, { codec: 'null' });
  const chunks: Buffer[] = [];
  encoder.on('data', (chunk: Buffer) => chunks.push(chunk));
  encoder.write({ app: 'QQ', id: 'RR', n: 1, kind: 'a' });
  encoder.end();
  await once(encoder, 'end');
  return Buffer.concat(chunks);
}

describe('values', () => {
  it('come back exact: wide integers and decimals as text, quotes and line ends unharmed', async () => {
    const rows = await clickhouse.query(
      `SELECT toUInt64(18446744073709551615) AS wide, toDecimal128('0.10', 2) + toDecimal128('0.20', 2) AS yuan,
              {text:String} AS text, toUInt32(7) AS small`,
      { params: { text: "o'\n\t\\订单" } },
    );
    expect(rows).toEqual([{ wide: '18446744073709551615', yuan: '0.3', text: "o'\n\t\\订单", small: 7 }]);
  });

  it('are looked up by thousands of keys, whatever is in them', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => [`wx'${index % 3}`, `订单\\${index}`] as const);
    const body = Buffer.from(keys.map(([app, id]) => JSON.stringify({ app, id })).join('\n'));
    await insert('JSONEachRow', body);
    const wanted = [...keys.slice(0, 10_000), ['wx', 'absent'] as const];
    for (const condition of [pairsCondition(['app', 'id'], wanted), `(app, id) IN ${tupleList(wanted)}`]) {
      const answer = await clickhouse.queryBuffer(
        `SELECT count() FROM kaquan_store.t WHERE ${condition} FORMAT RowBinary`,
      );
      expect(answer.readBigUInt64LE()).toBe(10_000n);
    }
  });
});

describe('an insert', () => {
  it('is stored when it resolves, compressed or not', async () => {
    await insert('RowBinary', Buffer.concat([ROW, ROW]));
    await clickhouse.insert('INSERT INTO kaquan_store.t FORMAT RowBinary', [ROW, ROW], {
      timeoutMs: 10_000,
      gzip: true,
    });
    await insert('Avro', await container());
    expect(await count()).toBe('5');
  });

  const damaged = (change: (body: Buffer, at: number) => void) => async () => {
    const body = await container();
    change(body, body.indexOf('QQ'));
    return ['Avro', body] as const;
  };

  it.each<[string, () => Promise<readonly [string, Buffer]>]>([
    ['a row that ends early', () => Promise.resolve(['RowBinary', ROW.subarray(0, 5)])],
    [
      'a length that cannot be',
      () => Promise.resolve(['RowBinary', Buffer.from([255, 255, 255, 255, 255, 127])]),
    ],
    ['a text that is no number', () => Promise.resolve(['JSONEachRow', Buffer.from('{"n":"x"}')])],
    ['no Avro at all', () => Promise.resolve(['Avro', Buffer.from('garbage')])],
    ['an Avro string longer than its block', damaged((body, at) => body.writeUInt8(0x7e, at - 1))],
    ['an Avro string of negative length', damaged((body, at) => body.writeUInt8(0x01, at - 1))],
    ['an Avro symbol that is not there', damaged((body, at) => body.writeUInt8(0x10, at + 6))],
    ['an Avro block without its end', damaged((body) => body.fill(0, body.length - 1))],
  ])('is refused for %s: the rows are to blame', async (_what, bodyOf) => {
    const [format, body] = await bodyOf();
    const refusal: unknown = await insert(format, body).catch((error: unknown) => error);
    expect({ refusal, blamed: isDataRefusal(refusal) }).toMatchObject({ blamed: true });
    expect(await count()).toBe('0');
  });

  it.each([
    ['a table that is not there', 'nowhere'],
    ['a column that is not there', 't (nothing)'],
  ])('is refused for %s: the rows are not to blame', async (_what, table) => {
    const refusal: unknown = await insert('RowBinary', ROW, table).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'ClickHouseError' });
    expect(isDataRefusal(refusal)).toBe(false);
  });

  it('is refused for a wrong password, and the rows are not to blame', async () => {
    const stranger = connect('kaquan', 'wrong');
    const refusal: unknown = await stranger.command('SELECT 1').catch((error: unknown) => error);
    await stranger.close();
    expect(refusal).toMatchObject({ name: 'ClickHouseError', code: 516 });
    expect(isDataRefusal(refusal)).toBe(false);
  });
});

describe.each([
  ['a query', (sql: string, options?: ReadOptions) => clickhouse.query(sql, options)],
  ['a read', (sql: string, options?: ReadOptions) => reader.query(sql, options)],
])('%s', (_, ask) => {
  it('ends on the server when its time is up here', async () => {
    const slow = ask(
      "SELECT sleepEachRow(0.1), 'to-be-cancelled' FROM numbers(300) SETTINGS max_block_size = 1",
      {
        timeoutMs: 300,
      },
    );
    await expect(slow).rejects.toMatchObject({ name: 'TransportError', kind: 'timeout' });
    const running = () =>
      clickhouse.query(
        "SELECT 1 FROM system.processes WHERE query LIKE '%to-be-cancelled%' AND query NOT LIKE '%system.processes%'",
      );
    while ((await running()).length > 0);
  }, 60_000);

  it('that fails in the middle of its answer is an error, and no short answer', async () => {
    const failing = ask('SELECT throwIf(number = 3000000) FROM numbers(4000000)');
    await expect(failing).rejects.toMatchObject({ name: 'ClickHouseError', code: 395 });
  });

  it('has rows of exact values, of a text of any characters', async () => {
    const rows = await ask(
      "SELECT '卡券' AS name, toUInt64(18446744073709551615) AS n, toDecimal64(0.1, 2) AS d",
    );
    expect(rows).toEqual([{ name: '卡券', n: '18446744073709551615', d: '0.1' }]);
  });
});
