import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { Applied } from '../../cli/catalogue/difference-text.ts';
import type { Explanation } from '../../cli/explain/explanation.ts';
import {
  currentVersion,
  readCatalogue,
  readStoredOffers,
} from '../../services/marketing/catalogue/snapshot.ts';
import {
  dropOldVersions,
  makeCurrent,
  storeOffers,
  versionName,
} from '../../services/marketing/catalogue/versions.ts';
import { lookUpBuyers } from '../../services/marketing/holdings.ts';
import { done, kaquan, numberOf, storeOf } from '../e2e/kaquan.ts';
import { startTestStack, type TestStack } from '../stack.ts';

const EXAMPLES = fileURLToPath(new URL('../../schemas/catalogue/examples/', import.meta.url));
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const APP = 'ttcfdbb96650e33351';
const of = (version: string) => ({ version, identities: true });
const Z = { appId: APP, openId: 'oZ' };

let stack: TestStack;
let clickhouse: ClickHouse;
let folder: string;
let file: string;

beforeAll(async () => {
  stack = await startTestStack();
  clickhouse = storeOf(stack);
  folder = await mkdtemp(join(tmpdir(), 'kaquan-catalogue-'));
  await cp(EXAMPLES, folder, { recursive: true });
  file = join(folder, 'coffee-shop.yaml');
}, 120_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
  await clickhouse.close();
  await stack.stop();
}, 60_000);

async function applied(...args: string[]): Promise<Applied> {
  const { stdout } = await done(['catalogue', 'apply', file, '--json', ...args], stack.env);
  return JSON.parse(stdout) as Applied;
}

const version = async (): Promise<string | undefined> => (await currentVersion(clickhouse))?.version;

describe('a store without tables', () => {
  it.each([
    ['catalogue apply', () => [file, '--dry-run']],
    ['catalogue show', () => []],
    ['redeem', () => ['c-1']],
    ['identities apply', () => [join(folder, 'nobody.ndjson')]],
    ['explain', () => ['--app', APP, '--open-id', 'oZ', '--goods', 'g:1:100']],
  ])('is told with its mend by %s', async (command, args) => {
    await writeFile(join(folder, 'nobody.ndjson'), '{"app_id":"tt1","open_id":"o1","user_id":"u1"}');
    expect(await kaquan([...command.split(' '), ...args()], stack.env)).toEqual({
      code: 1,
      stdout: '',
      stderr: 'kaquan: The tables are not there yet: run kaquan migrate.\n',
    });
  });
});

describe('kaquan catalogue', () => {
  beforeAll(() => done(['migrate'], stack.env));

  it('shows what an application would change, and changes nothing', async () => {
    const { stdout } = await done(['catalogue', 'apply', file, '--dry-run'], stack.env);
    expect(stdout).toContain(`+ coupon_batch batch-A of ${APP}\n`);
    expect(stdout).toContain('7 added, 0 changed, 0 removed; not applied (--dry-run)\n');
    expect(await version()).toBeUndefined();
    expect((await done(['catalogue', 'show'], stack.env)).stdout).toContain('no catalogue was applied yet');
  });

  it('applies a file as a whole, which a reader then has, and who is in its lists', async () => {
    const before = await readCatalogue(clickhouse, undefined);
    expect(await applied()).toMatchObject({ applied: true });
    const catalogue = await readCatalogue(clickhouse, before);
    expect(catalogue.version).toBe(await version());
    expect(await readCatalogue(clickhouse, catalogue)).toBe(catalogue);
    expect([...catalogue.of(APP).batches.keys()]).toEqual(['batch-A', 'batch-B', 'batch-C', 'batch-D']);
    expect(catalogue.of('another').batches.size).toBe(0);
    const [z, nobody] = await lookUpBuyers(clickhouse)(
      [Z, { ...Z, openId: 'nobody' }],
      of(catalogue.version),
    );
    expect(z).toEqual({
      holdings: [],
      memberships: ['membership-gold'],
      balances: [{ scoreId: 'score-beans', value: 250 }],
    });
    expect(nobody).toEqual({ holdings: [], memberships: [], balances: [] });
  });

  it('shows it as its file has it, with numbers for the lists', async () => {
    const { stdout } = await done(['catalogue', 'show', '--json'], stack.env);
    const shown = JSON.parse(stdout) as Record<string, Record<string, unknown>[]>;
    expect(shown['coupon_batches']?.map((batch) => batch['coupon_batch_id'])).toEqual([
      'batch-A',
      'batch-B',
      'batch-C',
      'batch-D',
    ]);
    expect(shown['scores']?.[0]).toMatchObject({ name: '咖啡豆积分', balances: '2 balances' });
  });

  it('changes nothing when nothing has changed', async () => {
    const before = await version();
    expect(await applied()).toEqual({ version: before, applied: false, changes: [] });
    expect(await version()).toBe(before);
  });

  it('names each change: of fields, of lists, of what is gone', async () => {
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('discount_amount: 3000', 'discount_amount: 2500'));
    await writeFile(join(folder, 'coffee-shop-beans.ndjson'), '{"open_id":"oZ","value":250}\n');
    const { stdout } = await done(['catalogue', 'apply', file, '--dry-run'], stack.env);
    expect(stdout).toContain(
      `~ coupon_batch batch-D of ${APP}\n    discount_amount: 3,000 → 2,500\n` +
        `~ score score-beans of ${APP}\n    balances: 2 → 1\n`,
    );
    expect(await applied()).toMatchObject({
      applied: true,
      changes: [{ change: 'changed' }, { change: 'changed' }],
    });
    const { version: now } = await readCatalogue(clickhouse, undefined);
    const buyers = [Z, { ...Z, openId: '123rq0gjhdfoqierug' }];
    const found = await lookUpBuyers(clickhouse)(buyers, of(now));
    expect(found.map(({ balances }) => balances.length)).toEqual([1, 0]);
  });

  it('refuses a file with every broken rule, also of the files beside it, and keeps what it has', async () => {
    const before = await version();
    const broken = join(folder, 'broken.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(
      broken,
      text.replace(
        'goods_ids: []\n    threshold_amount: 10000',
        "goods_ids: ['g']\n    threshold_amount: 1.5",
      ),
    );
    const first = await kaquan(['catalogue', 'apply', broken], stack.env);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('coupon_batches[2].threshold_amount must be a whole number of fen\n');
    expect(first.stderr).toContain('coupon_batches[2].goods_ids must be empty where dimension is order\n');
    const lines = [
      '{"open_id":"a","value":1}',
      'nonsense',
      '{"open_id":"","value":0.5}',
      '{"open_id":"a","value":1}',
    ];
    await writeFile(join(folder, 'beans.ndjson'), lines.join('\n'));
    await writeFile(broken, text.replace('coffee-shop-beans.ndjson', 'beans.ndjson'));
    const second = await kaquan(['catalogue', 'apply', broken], stack.env);
    expect(second.stderr).toContain('beans.ndjson line 2: must be one JSON value\n');
    expect(second.stderr).toContain('beans.ndjson line 3: open_id must not be empty\n');
    expect(second.stderr).toContain('beans.ndjson line 3: value must be a whole number of points\n');
    await writeFile(join(folder, 'beans.ndjson'), [lines[0], lines[3]].join('\n'));
    const third = await kaquan(['catalogue', 'apply', broken, '--dry-run'], stack.env);
    expect(third.code).toBe(1);
    expect(third.stderr).toContain('beans.ndjson line 2: must not name the buyer of line 1 again\n');
    expect(await version()).toBe(before);
    expect(
      await numberOf(clickhouse, "SELECT count() FROM kaquan_store.catalogue_holders WHERE open_id = 'a'"),
    ).toBe(0);
  });

  it('keeps the last three versions, and one that is being stored', async () => {
    const storedVersions = async (): Promise<string[]> => {
      const rows = await clickhouse.query<{ version: string }>(
        'SELECT DISTINCT version FROM kaquan_store.catalogue_offers ORDER BY version',
      );
      return rows.map((row) => row.version);
    };
    const [offer] = await readStoredOffers(clickhouse, (await version()) ?? '');
    const names = [1, 2, 3, 4, 5].map((n) => versionName(Date.now() + n * 1000, 'test'));
    const [dayOld, young] = [
      versionName(Date.now() - 90_000_000, 'x'),
      versionName(Date.now() - 80_000_000, 'x'),
    ];
    for (const name of [dayOld, young, ...names])
      await storeOffers(clickhouse, name, offer === undefined ? [] : [offer]);
    for (const name of names) await makeCurrent(clickhouse, name);
    await dropOldVersions(clickhouse, Date.now());
    expect(await storedVersions()).toEqual([young, ...names.slice(2)]);
    expect(await version()).toBe(names[4]);
    expect(await applied()).toMatchObject({ applied: true });
  });

  it('leaves the catalogue as it was when it is killed in the midst of it', async () => {
    const before = await version();
    const beans = createWriteStream(join(folder, 'many.ndjson'));
    for (let n = 0; n < 150_000; n++)
      if (!beans.write(`{"open_id":"many-${n}","value":1}\n`)) await once(beans, 'drain');
    beans.end();
    await once(beans, 'finish');
    const text = await readFile(file, 'utf8');
    const long = join(folder, 'long.yaml');
    await writeFile(long, text.replace('coffee-shop-beans.ndjson', 'many.ndjson'));
    const child = spawn(process.execPath, [MAIN, 'catalogue', 'apply', long], {
      env: stack.env,
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const begun = "SELECT count() FROM kaquan_store.catalogue_holders WHERE open_id LIKE 'many-%'";
    while ((await numberOf(clickhouse, begun)) === 0);
    child.kill('SIGKILL');
    await ended;
    expect(await numberOf(clickhouse, begun)).toBeLessThan(150_000);
    expect(await version()).toBe(before);
    const [z] = await lookUpBuyers(clickhouse)([Z], of(before ?? ''));
    expect(z?.balances).toEqual([{ scoreId: 'score-beans', value: 250 }]);
    await done(['catalogue', 'apply', long], stack.env);
    expect(await version()).not.toBe(before);
  });
});

const ABSENT =
  "(toDateTime64('2299-12-31 23:59:59.999', 3, 'UTC'), toFixedString('', 16), toDateTime64(0, 3, 'UTC'), 0, '', '', 0, '', '', [])";

it("kaquan explain tells the document's example: A for 星冰乐, C for the order, B and D for nothing", async () => {
  for (const coupon of ['A', 'B', 'C', 'D']) {
    await clickhouse.command(
      `INSERT INTO kaquan_store.buyer_orders (app_id, open_id, order_id) SELECT '${APP}', 'oZ', 'K-${coupon}'`,
    );
    await clickhouse.command(
      `INSERT INTO kaquan_store.states (app_id, order_id, revision, give_order, pay, cancel_pay, payed, cancel_give_order, refund)
       SELECT '${APP}', 'K-${coupon}', 1, ${ABSENT}, ${ABSENT}, ${ABSENT},
         (toDateTime64(1750000000, 3, 'UTC'), toFixedString('e', 16), toDateTime64(0, 3, 'UTC'), 900, 'oZ', 'batch-${coupon}', 1037, '', '', ['${coupon}']),
         ${ABSENT}, ${ABSENT}`,
    );
  }
  const goods = ['7112741589566392364:2:3500', '7112741589566392365:1:3000'].flatMap((line) => [
    '--goods',
    line,
  ]);
  const asked = ['explain', '--app', APP, '--open-id', 'oZ', ...goods, '--at', '2026-01-31T12:00:00Z'];
  const { stdout } = await done([...asked, '--json'], stack.env);
  const { info, offers } = JSON.parse(stdout) as Explanation;
  expect(info.coupon_info.map(({ id }) => id)).toEqual(['A', 'B', 'C', 'D']);
  expect(
    info.goods_valid_marketing_info.valid_marketing_info.map(
      (entry) => entry.valid_marketing_info.coupon_ids,
    ),
  ).toEqual([['A'], []]);
  expect(info.order_valid_marketing_info.valid_marketing_info.coupon_ids).toEqual(['C']);
  const reasons = offers.filter(({ kind }) => kind === 'coupon').map(({ id, reasons: why }) => [id, why]);
  expect(Object.fromEntries(reasons)).toEqual({
    A: [],
    B: ['goods_not_bought'],
    C: [],
    D: ['threshold_not_met'],
  });
  const { stdout: text } = await done(asked, stack.env);
  expect(text).toContain('coupon D “订单满 200 减 30 元” (order K-D)\n    no: 100.00 of 200.00 yuan\n');
});

describe('kaquan identities apply', () => {
  it('stores a file, or names every bad line of it and stores nothing', async () => {
    const path = join(folder, 'identities.ndjson');
    const good = '{"app_id":"tt1","open_id":"o1","user_id":"u1"}';
    await writeFile(
      path,
      `${good}\n{"app_id":"tt1","open_id":"o2"}\n{"app_id":"tt1","open_id":"o3","user_id":7}\n`,
    );
    const refused = await kaquan(['identities', 'apply', path], stack.env);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('line 2: user_id must be present\n');
    expect(refused.stderr).toContain('line 3: user_id must be a string: put it in quotes\n');
    const stored = 'SELECT count() FROM kaquan_store.identities';
    expect(await numberOf(clickhouse, stored)).toBe(0);
    await writeFile(path, `${good}\n\n`);
    expect((await done(['identities', 'apply', path], stack.env)).stdout).toBe('stored 1 identities\n');
    expect(await numberOf(clickhouse, stored)).toBe(1);
  });
});
