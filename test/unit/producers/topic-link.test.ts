import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';

import { ToldOutage } from '../../../producers/delivery/told-outage.ts';
import { createTopicLink } from '../../../producers/delivery/topic-link.ts';
import { Waits } from '../../../runtime/process/waits.ts';

function logged() {
  const lines: string[] = [];
  const write = (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg);
  const logger = pino({ base: {} }, { write });
  return { lines, logger, waits: new Waits({ logger, now: Date.now, tellAfterMs: 0 }) };
}

it('says once, and plainly, that Kafka is away, however often it is tried', async () => {
  const { lines, logger, waits } = logged();
  const link = createTopicLink({
    brokers: ['127.0.0.1:1'],
    clientId: 'test',
    topic: 't',
    partitions: 1,
    logger,
    waits,
  });
  for (let attempt = 0; attempt < 3; attempt += 1)
    await expect(link.send([{ partition: 0, key: null, value: null, headers: {} }])).rejects.toThrow();
  while (lines.length === 0) await pause(1);
  expect(lines).toEqual([
    expect.stringMatching(
      /^waits for Kafka since \S+: Kafka does not answer: connect ECONNREFUSED 127\.0\.0\.1:1$/,
    ),
  ]);
  await link.close();
});

it('says when Kafka is back', async () => {
  const { lines, waits } = logged();
  const outage = new ToldOutage(waits);
  await expect(outage.during(() => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  while (lines.length === 0) await pause(1);
  await Promise.all([outage.during(() => Promise.resolve()), outage.during(() => Promise.resolve())]);
  expect(lines.slice(1)).toEqual([expect.stringMatching(/^waits for Kafka no more, after /)]);
  await outage.during(() => Promise.resolve());
  expect(waits.current()).toEqual([]);
});
