import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { differencesOfAllViews } from '../../cli/chaos/oracle/differences.ts';
import { acceptedEvents } from '../../cli/chaos/oracle/receipts.ts';
import { brokerOf } from '../integration/collector-service.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { done, endConsumers, numberOf, startConsumer, startService, storeOf } from './kaquan.ts';
import { launch, type MiniProgram, type Sent } from './mini-program.ts';
import { startTestReceiver, type TestReceiver } from './receiver.ts';

let stack: TestStack;
let clickhouse: ClickHouse;
let collector: Awaited<ReturnType<typeof startService>>;
let receiver: TestReceiver;
let mini: MiniProgram | undefined;

beforeAll(async () => {
  [stack, receiver] = await Promise.all([startTestStack(), startTestReceiver()]);
  clickhouse = storeOf(stack);
  await done(['migrate'], stack.env);
  const settings = { COLLECTOR_LISTEN: '127.0.0.1:0', COLLECTOR_TIMEOUT_MS: '400' };
  collector = await startService({ ...stack.env, ...settings }, 'collector');
}, 120_000);

afterEach(() => mini?.close());

afterAll(async () => {
  process.kill(brokerOf(stack), 'SIGCONT');
  endConsumers();
  await Promise.all([clickhouse.close(), receiver.stop()]);
  await stack.stop();
}, 60_000);

const LIFE = ['give_order', 'pay', 'cancel_pay', 'payed', 'refund'] as const;

/** The order as the mini program's author writes it. */
const propsOf = (order: string, status: string, placedAt: number) => ({
  coupon: {
    order_id: order,
    order_time: String(placedAt),
    order_status: status,
    coupon_batch_id: '16000001',
    pay_amt: '9.00',
  },
  coupon_info: [{ coupon_id: `${order}-1` }, { coupon_id: `${order}-2` }],
  store_note: '券 ☕',
});

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`there was no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const statusOf = ({ props }: Sent) =>
  (props['coupon'] as { order_status?: string } | undefined)?.order_status;

const isTaken = (program: MiniProgram, status: string) => (): boolean =>
  program.attempts.some(({ batch, code }) => code === 0 && batch.some((sent) => statusOf(sent) === status));

describe.each([
  ['sr-sdk-wxapp', '2.1.1'],
  ['sr-sdk-wxapp-1.4', '1.4.2'],
])("%s, a mini program's client (%s)", (client, version) => {
  it("brings an order's life into ClickHouse and on to the report API, field by field, once, though the collector fails", async () => {
    const appid = `wx${version.replaceAll('.', '')}`;
    const order = `K-${version}`;
    const placedAt = Date.now();
    const program = launch({
      client,
      serverUrl: `${collector.url}/api/report`,
      token: 'bi1',
      appid,
      openId: 'ogN6X0T-ilsH-XmIdzXtuR1f1r3Q',
      scene: 1037,
      page: { route: 'pages/product', options: { sku_id: 'AOdjf7u', chan_id: 'c11' }, title: '商品详情' },
    });
    mini = program;
    const track = async (status: string): Promise<void> => {
      program.track('coupon_order', propsOf(order, status, placedAt));
      const trackedAt = Date.now();
      // The next one happens later.
      await until('next millisecond', () => Date.now() > trackedAt);
    };

    await track('give_order');
    await track('pay');
    await until('acknowledged pay', isTaken(program, 'pay'));
    const broker = brokerOf(stack);
    process.kill(broker, 'SIGSTOP');
    await track('cancel_pay');
    await track('payed');
    await until(
      'second failed attempt',
      () => program.attempts.filter(({ code }) => code === 503).length >= 2,
    );
    process.kill(broker, 'SIGCONT');
    await until('acknowledged payed', isTaken(program, 'payed'));
    await track('refund');
    await until('acknowledged refund', isTaken(program, 'refund'));

    const attemptsOf = (status: string) =>
      program.attempts.flatMap(({ batch }) => batch.filter((sent) => statusOf(sent) === status));
    // It sent again, and numbered anew what it sent again.
    expect(attemptsOf('payed').length).toBeGreaterThanOrEqual(3);
    expect(new Set(attemptsOf('payed').map(({ log_id }) => log_id)).size).toBe(attemptsOf('payed').length);

    for (const group of ['orders', 'report']) {
      const consumer = startConsumer({ ...stack.env, ...receiver.env }, ['--until-caught-up'], group);
      expect(await consumer.ended).toEqual({ code: 0, signal: null });
    }
    const rows = await clickhouse.query<Record<string, unknown>>(
      `SELECT * FROM kaquan.coupon_order_events WHERE app_id = '${appid}' ORDER BY time`,
    );
    expect(rows.map(({ order_status }) => order_status)).toEqual([...LIFE]);
    for (const row of rows) {
      const status = String(row['order_status']);
      const [sent] = attemptsOf(status);
      const { local_id } = sent?.props['wx_user'] as { local_id: string };
      expect(row).toMatchObject({
        order_id: order,
        coupon_batch_id: '16000001',
        pay_amt: '9',
        coupon_ids: [`${order}-1`, `${order}-2`],
        page: 'pages/product?sku_id=AOdjf7u&chan_id=c11',
        page_title: '商品详情',
        sr_sdk_version: version,
        open_id: 'ogN6X0T-ilsH-XmIdzXtuR1f1r3Q',
        local_id,
        chan_wxapp_scene: 1037,
        chan_id: 'c11',
        from: 'sr-sdk-wxapp',
        tracking_id: sent?.tracking_id,
      });
      expect(local_id).toHaveLength(50);
      expect(millis(row['order_time'])).toBe(placedAt);
      expect(millis(row['time'])).toBe(sent?.props['time']);
      expect(JSON.parse(String(row['unknown']))).toMatchObject({
        store_note: '券 ☕',
        chan: { sku_id: 'AOdjf7u' },
      });
    }

    const received = acceptedEvents(receiver.receipts()).filter(({ appId }) => appId === appid);
    expect(received.map(({ body }) => body)).toEqual(LIFE.map((status) => bodyOf(attemptsOf(status)[0])));

    const [figures] = await clickhouse.query<Record<string, unknown>>(
      `SELECT sum(placed_orders) AS placed, sum(paid_orders) AS paid, sum(refunded_orders) AS refunded, sum(paid_amount) AS amount
       FROM kaquan.stats_day WHERE app_id = '${appid}'`,
    );
    expect(Object.values(figures ?? {}).map(Number)).toEqual([1, 1, 1, 9]);
    expect(await numberOf(clickhouse, 'SELECT count() FROM kaquan_store.dead_letters')).toBe(0);
    expect(await differencesOfAllViews(clickhouse)).toEqual([]);
  }, 90_000);
});

/** What the report API is to get of an event: all that the client sent but its counter, times as the specification writes them. */
function bodyOf(sent: Sent | undefined): object | undefined {
  if (sent === undefined) return undefined;
  const { log_id: _, props, ...body } = sent;
  return { ...body, props: { ...props, time: String(props['time']) } };
}

/** A DateTime64 in UTC, as ClickHouse writes it. */
const millis = (text: unknown): number => Date.parse(`${String(text).replace(' ', 'T')}Z`);
