import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo } from 'node:net';

import {
  CouponOrderProducer,
  DeliveryError,
  ProducerClosedError,
  type CouponOrderProducerOptions,
} from '../../producers/index.ts';
import { createSchemas, eventIdText, framedId } from '../../schemas/index.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { invalidExamples, validExamples } from '../unit/schemas/example-files.ts';
import { javaPartitions } from './producers-java.ts';
import { createTopic, readLog, type Logged } from './producers-log.ts';

const START_MS = 180_000;
const PARTITIONS = 5;
const schemas = createSchemas();

let stack: TestStack;
let topics = 0;

beforeAll(async () => {
  stack = await startTestStack();
}, START_MS);

afterAll(async () => {
  await stack.stop();
}, START_MS);

async function freshTopic(): Promise<string> {
  topics += 1;
  const topic = `producers-${topics}`;
  await createTopic(stack.brokers, topic, PARTITIONS);
  return topic;
}

const producerOf = (topic: string, options: Partial<CouponOrderProducerOptions> = {}) =>
  new CouponOrderProducer({ brokers: [stack.brokers], partitions: PARTITIONS, topic, ...options });

const report = (order: string, time: number) => ({
  coupon: {
    order_id: order,
    order_time: 1700000000000,
    order_status: 'pay',
    coupon_batch_id: 'b',
    pay_amt: '9.00',
  },
  coupon_info: [{ coupon_id: 'c' }],
  page: 'pages/product',
  time: 1700000000000 + time,
  wx_user: { app_id: 'wx9d4f5f22a099f820', open_id: 'ogN6X0T' },
  chan: { chan_wxapp_scene: 1037 },
});

function eventIn({ value }: Logged) {
  const decoded = schemas.decodeEvent(framedId(value ?? Buffer.alloc(0)) ?? -1, value ?? Buffer.alloc(0));
  if (!decoded.ok) throw new Error(decoded.reason);
  return decoded.value;
}

describe('the producer library, on a real Kafka', () => {
  it('publishes every valid example, refuses every invalid one, and says which', async () => {
    const topic = await freshTopic();
    const producer = producerOf(topic);
    const valid = validExamples().map(([, body]) => body as object);
    const invalid = invalidExamples().map(([, example]) => example);
    const { accepted, refused } = await producer.send([
      ...valid,
      ...invalid.map((example) => example.report),
    ]);
    await producer.close();

    expect(accepted.map(({ index }) => index)).toEqual(valid.map((_, index) => index));
    expect(refused.map(({ index }) => index)).toEqual(invalid.map((_, index) => valid.length + index));
    expect(refused.map(({ violations }) => violations)).toEqual(
      invalid.map(({ violations }) =>
        expect.arrayContaining(violations.map((one) => expect.objectContaining(one))),
      ),
    );
    const logged = await readLog(stack.brokers, topic);
    const inLog = logged
      .map((record) => [eventIdText(eventIn(record).event_id), record.partition, record.key])
      .sort();
    expect(inLog).toEqual(
      accepted
        .map(({ event_id, partition, app_id, order_id }) => [event_id, partition, `${app_id}:${order_id}`])
        .sort(),
    );
  });

  it(
    "puts each order where Kafka's Java client would",
    async () => {
      const producer = producerOf(await freshTopic());
      const orders = ['', 'x', '券', '订单-'].flatMap((prefix) =>
        Array.from({ length: 50 }, (_, index) => `${prefix}${'7'.repeat(index % 9)}${index}`),
      );
      const { accepted } = await producer.send(orders.map((order) => report(order, 0)));
      await producer.close();
      const keys = accepted.map(({ app_id, order_id }) => `${app_id}:${order_id}`);
      expect(keys).toHaveLength(200);
      expect(accepted.map(({ partition }) => partition)).toEqual(await javaPartitions(keys, PARTITIONS));
    },
    START_MS,
  );

  it(
    'loses nothing when it is closed under many sends, and keeps the order of each order',
    async () => {
      const topic = await freshTopic();
      const producer = producerOf(topic);
      const sends = Array.from({ length: 4000 }, (_, index) =>
        producer.send(report(`K${index % 40}`, index)),
      );
      const closed = producer.close();
      await expect(producer.send(report('late', 0))).rejects.toBeInstanceOf(ProducerClosedError);
      const results = await Promise.all(sends);
      await closed;

      expect(results.every(({ accepted }) => accepted.length === 1)).toBe(true);
      const logged = (await readLog(stack.brokers, topic)).map(eventIn);
      expect(logged).toHaveLength(4000);
      for (let order = 0; order < 40; order += 1) {
        const times = logged
          .filter(({ coupon }) => coupon.order_id === `K${order}`)
          .map(({ time }) => time - 1700000000000);
        expect(times).toEqual(Array.from({ length: 100 }, (_, index) => order + 40 * index));
      }
    },
    START_MS,
  );

  it(
    'refuses to send to a topic with another number of partitions than recorded',
    async () => {
      const topic = await freshTopic();
      const producer = producerOf(topic, { partitions: 4 });
      await expect(producer.send(report('K1', 0))).rejects.toThrow(
        `topic ${topic} has ${PARTITIONS} partitions, but 4 are recorded (KAFKA_PARTITIONS)`,
      );
      await producer.close();
      expect(await readLog(stack.brokers, topic)).toEqual([]);
    },
    START_MS,
  );

  it(
    'says so when there is no such topic',
    async () => {
      const producer = producerOf('nobody-made-it');
      await expect(producer.connect()).rejects.toThrow('create it with kaquan migrate');
      await producer.close();
    },
    START_MS,
  );

  it(
    'gives up after the delivery time-out when Kafka is away',
    async () => {
      const producer = producerOf('any', { brokers: ['127.0.0.1:1'], deliveryTimeoutMs: 1500 });
      const started = performance.now();
      const sending = producer.send([report('K1', 0), report('K2', 0)]);
      await expect(sending).rejects.toBeInstanceOf(DeliveryError);
      await expect(sending).rejects.toThrow(/did not acknowledge within 1.5 s: .*ECONNREFUSED/);
      expect(performance.now() - started).toBeGreaterThan(1400);
      await producer.close();
    },
    START_MS,
  );

  it(
    'delivers what was sent while Kafka was away once it is back',
    async () => {
      const topic = await freshTopic();
      const port = await freePort();
      const failures: string[] = [];
      const onRetry = ({ message }: Error) => failures.push(message);
      const producer = producerOf(topic, { brokers: ['127.0.0.1:1', `127.0.0.1:${port}`], onRetry });
      const sending = producer.send(report('K1', 0));
      const settled = sending.then(() => true);
      expect(await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 1000, false))])).toBe(
        false,
      );
      const forwarder = forwardTo(stack.brokers);
      forwarder.listen(port, '127.0.0.1');
      await expect(sending).resolves.toMatchObject({ accepted: [{ order_id: 'K1' }] });
      await producer.close();
      forwarder.close();
      expect(failures[0]).toContain('ECONNREFUSED');
      expect(await readLog(stack.brokers, topic)).toHaveLength(1);
    },
    START_MS,
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function forwardTo(address: string) {
  const [host = '', port = ''] = address.split(':');
  return createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
    }
  });
}
