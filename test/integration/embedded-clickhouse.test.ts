import { gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { createClient, ClickHouseLogLevel, type ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import avro from 'avsc';

import { startTestClickHouse, type TestClickHouse } from '../stack.ts';
import { asking, curl, until, type Ask } from './embedded-http.ts';

let stack: TestClickHouse;
let client: ClickHouseClient;
let writer: Ask;

beforeAll(async () => {
  stack = await startTestClickHouse();
  client = clientOf('kaquan');
  writer = asking(stack.clickhouseUrl, 'kaquan');
  await client.command({ query: 'CREATE DATABASE kaquan_store' });
  await client.command({ query: 'CREATE DATABASE kaquan' });
}, 180_000);

afterAll(async () => {
  await client.close();
  await stack.stop();
}, 180_000);

const clientOf = (user: string): ClickHouseClient =>
  createClient({
    url: stack.clickhouseUrl,
    username: user,
    password: user,
    log: { level: ClickHouseLogLevel.OFF },
  });

const bytes = (...chunks: Buffer[]): Readable => Readable.from(chunks, { objectMode: false });

async function rowsOf<T>(query: string): Promise<T[]> {
  return await (await client.query({ query, format: 'JSONEachRow' })).json<T>();
}

let tables = 0;
/** A new table of (a UInt32, s String); returns its name. */
async function table(): Promise<string> {
  const name = `kaquan_store.t${++tables}`;
  await client.command({ query: `CREATE TABLE ${name} (a UInt32, s String) ENGINE = MergeTree ORDER BY a` });
  return name;
}

const ROWS = [
  { a: 1, s: 'x' },
  { a: 2, s: 'blank\n\nline; DROP TABLE t' },
  { a: 10, s: '\0\'"\\' },
  { a: 0x0a0a0a0a, s: '卡券' },
];

const rowBinary = (rows: typeof ROWS): Buffer =>
  Buffer.concat(
    rows.map(({ a, s }) => {
      const text = Buffer.from(s);
      const head = Buffer.alloc(5);
      head.writeUInt32LE(a);
      head.writeUInt8(text.length, 4);
      return Buffer.concat([head, text]);
    }),
  );

async function avroBlock(rows: typeof ROWS): Promise<Buffer> {
  const fields = [
    { name: 'a', type: 'long' },
    { name: 's', type: 'string' },
  ];
  const encoder = new avro.streams.BlockEncoder(avro.Type.forSchema({ type: 'record', name: 'r', fields }));
  for (const row of rows) encoder.write(row);
  encoder.end();
  return Buffer.concat(await (encoder as Readable).toArray());
}

describe('inserts', () => {
  it('takes rows and streams of JSONEachRow from the client', async () => {
    const name = await table();
    const { summary } = await client.insert({ table: name, values: ROWS, format: 'JSONEachRow' });
    expect(summary?.written_rows).toBe('4');
    await client.insert({
      table: name,
      values: Readable.from([{ a: 11, s: 'streamed' }]),
      format: 'JSONEachRow',
    });
    expect(await rowsOf(`SELECT * FROM ${name} ORDER BY a`)).toEqual([
      ...ROWS.slice(0, 3),
      { a: 11, s: 'streamed' },
      ROWS[3],
    ]);
  });

  it.each([
    ['RowBinary', () => rowBinary(ROWS)],
    ['Avro', () => avroBlock(ROWS)],
    ['JSONEachRow', () => Buffer.from(ROWS.map((row) => `${JSON.stringify(row)}\n\n`).join(''))],
    ['JSONEachRow', () => Buffer.from(JSON.stringify(ROWS))],
    ['CSV', () => Buffer.from(ROWS.map(({ a, s }) => `${a},"${s.replaceAll('"', '""')}"\r\n`).join(''))],
    [
      'Values',
      () =>
        Buffer.from("(1,'x'),(1+1,'blank\n\nline; DROP TABLE t'),\n\n(10,'\\0\\'\"\\\\'),(168430090,'卡券')"),
    ],
  ])('stores a body of %s whole, whatever is in it', async (format, body) => {
    const name = await table();
    const query = `INSERT INTO ${name} FORMAT ${format}`;
    const { summary, stream } = await client.exec({ query, values: bytes(await body()) });
    await new Response(Readable.toWeb(stream) as ReadableStream).text();
    expect(summary?.written_rows).toBe('4');
    expect(await rowsOf(`SELECT * FROM ${name} ORDER BY a`)).toEqual(ROWS);
  });

  it.each([
    ['RowBinary', 'UInt32', () => rowBinary(ROWS)],
    ['Avro', 'Int64', () => avroBlock(ROWS)],
  ])('takes INSERT … SELECT … FROM input(…) with %s', async (format, type, body) => {
    const name = await table();
    const query = `INSERT INTO ${name} SELECT a + 1, upper(s) FROM input('a ${type}, s String') WHERE a < 10 FORMAT ${format}`;
    const { status, headers } = await writer({ query, max_threads: '1' }, await body());
    expect([status, headers.get('x-clickhouse-summary')]).toEqual([
      200,
      expect.stringContaining('"written_rows":"2"'),
    ]);
    expect(await rowsOf(`SELECT a FROM ${name} ORDER BY a`)).toEqual([{ a: 2 }, { a: 3 }]);
  });

  it('stores a block of 30 MB as one part', async () => {
    const name = await table();
    const rows = Array.from({ length: 100_000 }, (_, a) => ({ a, s: `\n\n${'x'.repeat(100)}` }));
    expect((await writer({ query: `INSERT INTO ${name} FORMAT RowBinary` }, rowBinary(rows))).status).toBe(
      200,
    );
    expect(
      await rowsOf(`SELECT toUInt32(count()) AS n, toUInt32(uniqExact(_part)) AS parts FROM ${name}`),
    ).toEqual([{ n: 100_000, parts: 1 }]);
  });

  it('takes statement and data in one text, an empty body, and gzip', async () => {
    const name = await table();
    const answers = [
      await writer({}, `INSERT INTO ${name} FORMAT JSONEachRow\n{"a":1,"s":"a"}\n\n{"a":2,"s":"b"}\n`),
      await writer({}, `INSERT INTO ${name} (s, a) VALUES ('c', 3)`),
      await writer({ query: `INSERT INTO ${name} VALUES` }, "(4, 'd')"),
      await writer({ query: `INSERT INTO ${name} FORMAT JSONEachRow` }),
      await writer({ query: `INSERT INTO ${name} FORMAT CSV` }, gzipSync('5,e\n'), {
        'Content-Encoding': 'gzip',
      }),
      await writer({}, `INSERT INTO ${name} SELECT 6, 'f'`),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual(answers.map(() => [200, '']));
    expect(await rowsOf(`SELECT groupArray(s) AS all FROM (SELECT s FROM ${name} ORDER BY a)`)).toEqual([
      { all: ['a', 'b', 'c', 'd', 'e', 'f'] },
    ]);
  });

  it('refuses what does not fit, and stores none of it', async () => {
    const name = await table();
    const cut = rowBinary(ROWS).subarray(0, -1);
    const answers = [
      await writer({ query: `INSERT INTO ${name} FORMAT RowBinary` }, cut),
      await writer({ query: `INSERT INTO ${name} FORMAT JSONEachRow` }, '{"a":1,"s":"x"}\n{"a":"many"}'),
      await writer({ query: `INSERT INTO ${name} FORMAT Nonsense` }, 'x'),
      await writer({ query: 'INSERT INTO kaquan_store.nosuch FORMAT CSV' }, '1'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 404, 404]);
    expect(answers[1]?.text).toMatch(/^Code: 27\. DB::Exception: .*row 2/s);
    expect(await rowsOf(`SELECT * FROM ${name}`)).toEqual([]);
  });
});

describe('queries', () => {
  it.each(['JSONEachRow', 'JSON', 'JSONCompactEachRow', 'JSONCompact', 'JSONStrings'] as const)(
    'answers in %s',
    async (format) => {
      const query = "SELECT toUInt32(number) AS n, '卡' AS s FROM numbers(2)";
      const answer: unknown = await (await client.query({ query, format })).json();
      expect(answer).toMatchSnapshot({
        ...(format.includes('EachRow') ? {} : { statistics: expect.anything() }),
      });
    },
  );

  it('binds parameters of every kind', async () => {
    const query_params = {
      text: `quotes ' " \` \\ tab\tline\n{x:String}; DROP`,
      list: ["a'b", '卡'],
      number: 12_345_678_901,
      nothing: null,
      moment: new Date('2026-01-02T03:04:05.678Z'),
      map: new Map([['k', 1]]),
      flag: true,
      name: 'numbers_mt',
    };
    const query = `SELECT {text:String} AS text, {list:Array(String)} AS list, {number:UInt64}::String AS number,
      {nothing:Nullable(String)} AS nothing, {moment:DateTime64(3)} AS moment, {map:Map(String, UInt8)} AS map,
      {flag:Bool} AS flag FROM system.{name:Identifier} LIMIT 1`;
    const [row] = await (await client.query({ query, query_params, format: 'JSONEachRow' })).json();
    expect(row).toEqual({
      ...query_params,
      number: '12345678901',
      moment: '2026-01-02 03:04:05.678',
      map: { k: 1 },
      name: undefined,
    });
  });

  it('binds long parameters, which travel as a form', async () => {
    const long = 'x\n'.repeat(50_000);
    const query = 'SELECT toUInt32(length({long:String})) AS n';
    const answer = await client.query({
      query,
      query_params: { long },
      format: 'JSONEachRow',
      use_multipart_params: true,
    });
    expect(await answer.json()).toEqual([{ n: 100_000 }]);
  });

  it('keeps settings, parameters and the database of a request from the next', async () => {
    const query =
      "SELECT getSetting('max_threads')::String AS threads, currentDatabase() AS d, getSetting('readonly') AS r";
    const settled = await writer(
      { max_threads: '1', param_x: '1', database: 'system', readonly: '2' },
      `${query} FORMAT TSV`,
    );
    expect(settled.text).toBe('1\tsystem\t2\n');
    expect((await writer({ max_threads: '3' }, `${query} FORMAT TSV`)).text).toBe('3\tdefault\t0\n');
    expect((await writer({}, 'SELECT {x:String}')).text).toContain('Code: 456.');
  });

  it('echoes the query id, or gives one', async () => {
    expect((await writer({ query_id: 'mine' }, 'SELECT 1')).headers.get('x-clickhouse-query-id')).toBe(
      'mine',
    );
    expect((await writer({}, 'SELECT 1')).headers.get('x-clickhouse-query-id')).toMatch(/^[\da-f-]{36}$/);
  });

  it('compresses when asked to', async () => {
    const query = 'SELECT number FROM numbers(10000) FORMAT TSV';
    const { headers, text } = await writer({ query, enable_http_compression: '1' }, undefined, {
      'Accept-Encoding': 'gzip',
    });
    expect([headers.get('content-encoding'), text.length]).toEqual(['gzip', 48_890]);
  });

  it('streams a large answer', async () => {
    const query = "SELECT number, repeat('x', 1000) FROM numbers(300000) FORMAT RowBinary";
    const { stream } = await client.exec({ query });
    let length = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) length += chunk.length;
    expect(length).toBe(300_000 * 1_010);
  });

  it('tells an error in the middle of an answer', async () => {
    const query = 'SELECT throwIf(number = 3000000) FROM numbers(4000000)';
    const answer = await client.query({ query, format: 'JSONEachRow' });
    await expect(answer.json()).rejects.toMatchObject({ code: '395' });
    await expect(writer({}, query)).rejects.toThrow();
  });

  it('works for curl', () => {
    const user = ['-u', 'kaquan:kaquan'];
    const { clickhouseUrl: url } = stack;
    expect(curl([`${url}/ping`])).toBe('Ok.\n');
    expect(curl([...user, `${url}/?query=SELECT%201`])).toBe('1\n');
    expect(curl([...user, url, '-d', 'SELECT 1 FORMAT JSONEachRow'])).toBe('{"1":1}\n');
    expect(curl([`${url}/?user=kaquan&password=kaquan`, '--data-binary', '@-'], 'SELECT 2')).toBe('2\n');
    expect(
      curl([
        ...user,
        '--compressed',
        '-H',
        'Accept-Encoding: gzip',
        `${url}/?enable_http_compression=1`,
        '-d',
        'SELECT 3',
      ]),
    ).toBe('3\n');
  });
});

describe('refusals', () => {
  it.each([
    ['SELECT * FROM nosuch', 404, 60],
    ['SELECT * FROM nosuch.t', 404, 81],
    ['SELECT nosuch', 404, 47],
    ['SELECT * FROM', 400, 62],
    ['nonsense', 400, 62],
    ['', 400, 62],
    ['SELECT 1; SELECT 2', 400, 62],
    ['SELECT 1 FORMAT Nonsense', 404, 73],
    [
      'SELECT sleep(3) SETTINGS max_execution_time = 1, function_sleep_max_microseconds_per_block = 9000000',
      408,
      159,
    ],
    ['SELECT 1 SETTINGS max_execution_time = 0', 400, 452],
    ['SELECT throwIf(1)', 500, 395],
  ])('%s: status %i, code %i', async (sql, status, code) => {
    const { text, ...answer } = await writer({}, sql);
    expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
      status,
      String(code),
    ]);
    expect(text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .*\\([A-Z_]+\\)\\n$`, 's'));
  });

  it.each(['kaquan', 'analyst'])('tells %s where a text stops being a query', async (user) => {
    const { text } = await asking(stack.clickhouseUrl, user)({}, 'SELEC 1');
    expect(text).toMatch(/^Code: 62\. DB::Exception: Syntax error: failed at position 1 \(SELEC\): SELEC 1/);
    expect(text).not.toContain('formatQuery');
    const nothing = await asking(stack.clickhouseUrl, user)({}, '-- nothing');
    expect(nothing.text).toBe('Code: 62. DB::Exception: Empty query. (SYNTAX_ERROR)\n');
  });

  it('reaches the client as its ClickHouseError', async () => {
    await expect(client.query({ query: 'SELECT * FROM nosuch' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    });
  });

  it('asks who it is', async () => {
    const wrong = await asking(stack.clickhouseUrl, 'stranger')({}, 'SELECT 1');
    const nobody = await fetch(`${stack.clickhouseUrl}/?query=SELECT%201`);
    expect([wrong.status, nobody.status]).toEqual([403, 403]);
    expect(wrong.text).toMatch(/^Code: 516\. .*\(AUTHENTICATION_FAILED\)/);
  });

  it('writes nothing on GET', async () => {
    const name = await table();
    const query = `INSERT INTO ${name} VALUES (1, 'x')`;
    for (const sql of [query, `DROP TABLE ${name}`]) {
      const { clickhouseUrl: url } = stack;
      const response = await fetch(`${url}/?user=kaquan&password=kaquan&query=${encodeURIComponent(sql)}`);
      expect(response.headers.get('x-clickhouse-exception-code')).toBe('164');
    }
    expect(await rowsOf(`SELECT * FROM ${name}`)).toEqual([]);
  });

  it('says what it does not have', async () => {
    expect((await writer({ compress: '1' }, 'SELECT 1')).text).toContain('enable_http_compression');
    expect((await writer({ session_id: 'x' }, 'SELECT 1')).status).toBe(501);
    expect((await fetch(`${stack.clickhouseUrl}/play`)).status).toBe(404);
  });

  it('goes on after a path that says nothing', () => {
    const status = ['-o', '/dev/null', '-w', '%{http_code}', '--path-as-is'];
    expect(curl([...status, `${stack.clickhouseUrl}/%zz`])).toBe('404');
    expect(curl([...status, `${stack.clickhouseUrl}//`])).toBe('400');
    expect(curl([`${stack.clickhouseUrl}/ping`])).toBe('Ok.\n');
  });
});

describe('sessions', () => {
  const running = async (part: string): Promise<number> => {
    const query = `SELECT toUInt32(count()) AS n FROM system.processes WHERE query LIKE '%${part}%' AND query NOT LIKE '%system.processes%'`;
    return (await rowsOf<{ n: number }>(query))[0]?.n ?? 0;
  };

  it.each(['JSONEachRow', 'JSON'] as const)(
    'cancels the query (%s) of a connection that closes',
    async (format) => {
      const gone = new AbortController();
      const query = `SELECT count() FROM numbers(1e12) WHERE sipHash64(number) = ${format.length}`;
      // A short read before it leaves its session to this one.
      await (await client.query({ query: 'SELECT 1', format })).text();
      const asked = client.query({ query, format, abort_signal: gone.signal });
      await until(async () => ((await running(query.slice(-30))) > 0 ? true : undefined));
      gone.abort();
      await expect(asked).rejects.toThrow();
      await until(async () => ((await running(query.slice(-30))) === 0 ? true : undefined), 3_000);
    },
  );

  it('keeps inserts and look-ups going while analysts ask too much, and refuses what is too many', async () => {
    const name = await table();
    const analyst = asking(stack.clickhouseUrl, 'analyst');
    const slow = 'SELECT count() FROM numbers(1e12) WHERE NOT ignore(sipHash64(number))';
    const gone = new AbortController();
    const asked = Array.from({ length: 36 }, async () => {
      const { clickhouseUrl: url } = stack;
      const headers = { 'X-ClickHouse-User': 'analyst', 'X-ClickHouse-Key': 'analyst' };
      const answer = await fetch(url, { method: 'POST', headers, body: slow, signal: gone.signal });
      return { status: answer.status, text: await answer.text() };
    });
    try {
      // Three run and 32 wait.
      const refused = await Promise.any(asked);
      expect([refused.status, refused.text]).toEqual([
        503,
        expect.stringMatching(/^Code: 202\. .*TOO_MANY_SIMULT/),
      ]);
      await client.insert({ table: name, values: ROWS, format: 'JSONEachRow' });
      expect(await rowsOf(`SELECT count()::UInt32 AS n FROM ${name}`)).toEqual([{ n: 4 }]);
    } finally {
      gone.abort();
      await Promise.allSettled(asked);
    }
    // Each has its place until the server has heard that its connection is closed.
    await until(async () => ((await analyst({}, 'SELECT 1')).text === '1\n' ? true : undefined));
  });
});

describe('the analyst', () => {
  let analyst: Ask;

  beforeAll(async () => {
    analyst = asking(stack.clickhouseUrl, 'analyst');
    for (const query of [
      "CREATE TABLE kaquan_store.secret ENGINE = MergeTree ORDER BY a AS SELECT 7 AS a, 'hidden' AS s",
      'CREATE VIEW kaquan.open AS SELECT a FROM kaquan_store.secret',
      'CREATE TABLE kaquan_store.joined (a UInt8, s String) ENGINE = Join(ANY, LEFT, a)',
    ]) {
      await client.command({ query });
    }
  });

  it('reads the views, with settings and parameters of his own', async () => {
    expect((await analyst({}, 'SELECT * FROM open')).text).toBe('7\n');
    const query = 'WITH x AS (SELECT a FROM open) SELECT a + {n:UInt8} FROM x SETTINGS max_threads = 1';
    expect((await analyst({ param_n: '1', max_block_size: '100' }, query)).text).toBe('8\n');
    expect((await analyst({}, 'SHOW TABLES')).text).toBe('open\n');
    expect((await analyst({}, 'SELECT version()')).status).toBe(200);
  });

  it.each([
    'SELECT * FROM kaquan_store.secret',
    'SELECT * FROM `kaquan_store`.secret',
    'WITH open AS (SELECT * FROM kaquan_store.secret) SELECT * FROM open',
    'SELECT * FROM open WHERE a IN kaquan_store.secret',
    'SELECT (SELECT s FROM kaquan_store.secret)',
    'SELECT a FROM open UNION ALL SELECT a FROM kaquan_store.secret',
    'SELECT * FROM open LEFT JOIN kaquan_store.secret USING a',
    'SELECT * FROM view(SELECT * FROM kaquan_store.secret)',
    "SELECT joinGet('kaquan_store.joined', 's', toUInt8(1))",
    "SELECT * FROM mergeTreeIndex('kaquan_store', 'secret')",
    "SELECT * FROM remote('127.0.0.1', 'kaquan_store', 'secret')",
    'DESCRIBE kaquan_store.secret',
    'EXPLAIN SELECT * FROM kaquan_store.secret',
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT file('/etc/passwd')",
    "SELECT `\\x66ile`('/etc/passwd')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd')",
    "SHOW TABLES WHERE file('/etc/passwd') != ''",
    "SELECT * FROM url('http://127.0.0.1:1/')",
    "SELECT * FROM executable('id', TSV, 's String')",
    "SELECT 1 INTO/**/OUTFILE '/tmp/kaquan-analyst'",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '/etc/passwd'",
    "SELECT 1 AS a FORMAT Protobuf SETTINGS output_format_schema = '/tmp/kaquan-analyst'",
    "SELECT 1 SETTINGS additional_result_filter = 'file(\\'/etc/passwd\\') != 1'",
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'SET ROLE ALL',
    'SELECT 1; SET ROLE ALL',
    'USE kaquan_store',
    'INSERT INTO kaquan_store.secret VALUES (1, 1)',
    'INSERT INTO kaquan_store.secret SELECT 1, 1',
    'CREATE TABLE kaquan.mine (a Int8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (a Int8)',
    'CREATE VIEW kaquan.mine AS SELECT * FROM kaquan_store.secret',
    'DROP VIEW kaquan.open',
    'TRUNCATE TABLE kaquan_store.secret',
    'KILL QUERY WHERE 1',
    'SYSTEM FLUSH LOGS',
    'EXECUTE AS default SELECT 1',
    'SELECT name FROM system.users',
  ])('may not: %s', async (sql) => {
    const { status, text } = await analyst({}, sql);
    expect([status >= 400, text]).toEqual([true, expect.stringMatching(/^Code: (36|62|164|452|497)\./)]);
  });

  it('may name a session, as many clients do, in which he can leave nothing', async () => {
    expect((await analyst({ session_id: 's' }, 'SELECT a FROM open')).text).toBe('7\n');
    expect((await analyst({ session_id: 's' }, 'SET max_threads = 1')).status).toBe(500);
  });

  it('sees nothing of other databases', async () => {
    const { text } = await analyst({}, "SELECT count() FROM system.tables WHERE database = 'kaquan_store'");
    expect(text).toBe('0\n');
    expect((await analyst({ database: 'kaquan_store' }, 'SELECT * FROM secret')).status).toBe(403);
    expect((await analyst({ readonly: '0' }, "SELECT getSetting('readonly')")).text).toBe('2\n');
  });
});

describe('the schemas', () => {
  const get = async (path: string): Promise<unknown> => (await fetch(`${stack.clickhouseUrl}${path}`)).json();

  it('serves those of the release as a schema registry does', async () => {
    const [subject = ''] = (await get('/subjects')) as string[];
    const latest = (await get(`/subjects/${subject}/versions/latest`)) as { id: number; schema: string };
    expect(subject).toBe('coupon_order.v1-value');
    expect(await get(`/schemas/ids/${latest.id}`)).toEqual({ schema: latest.schema });
    expect(avro.Type.forSchema(JSON.parse(latest.schema) as avro.Schema).name).toMatch(/coupon/i);
    expect(await get('/schemas/ids/1')).toMatchObject({ error_code: 40403 });
  });
});
