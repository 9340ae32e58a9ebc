import { expect, it } from '@jest/globals';
import { pino } from 'pino';

import { Waits } from '../../../runtime/process/waits.ts';
import { tellingOutages } from '../../../services/marketing/outages.ts';

it('says once that somebody does not answer, and once that he does again', async () => {
  const lines: string[] = [];
  const said = (line: string): void => void lines.push((JSON.parse(line) as { msg: string }).msg);
  let at = 0;
  const now = (): number => (at += 1000);
  const waits = new Waits({ logger: pino({}, { write: said }), now, tellAfterMs: 0 });
  let isAway = true;
  const ask = tellingOutages(
    (question: string) => (isAway ? Promise.reject(new Error('away')) : Promise.resolve(`${question}!`)),
    { waits, of: 'Kafka', wordsOf: (error) => `it says ${String(error)}`, now },
  );
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(ask('how far')).rejects.toThrow('away');
    while (lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  isAway = false;
  for (let attempt = 0; attempt < 2; attempt++) expect(await ask('how far')).toBe('how far!');
  expect(lines).toEqual([
    'waits for Kafka since 1970-01-01T00:00:01.000Z: it says Error: away',
    expect.stringMatching(/^waits for Kafka no more, after /),
  ]);
  expect(waits.current()).toEqual([]);
});
