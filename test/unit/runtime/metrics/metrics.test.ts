import { describe, expect, it } from '@jest/globals';

import {
  counter,
  createMetrics,
  createRegistry,
  gauge,
  histogram,
} from '../../../../runtime/metrics/metrics.ts';

const definitions = {
  sent: counter('kaquan_some_sent_total', 'What was sent.', ['kind']),
  waiting: gauge('kaquan_some_waiting', 'What waits.'),
  seconds: histogram('kaquan_some_seconds', 'How long it took.', [0.1, 1]),
};

describe('metrics', () => {
  it('are those of the list, in a registry of their own', async () => {
    const [first, second] = [createRegistry(), createRegistry()];
    const metrics = createMetrics(first, definitions);
    createMetrics(second, definitions);
    metrics.sent.inc({ kind: 'a' }, 2);
    metrics.waiting.set(3);
    metrics.seconds.observe(0.5);
    const text = await first.metrics();
    for (const line of [
      '# HELP kaquan_some_sent_total What was sent.',
      'kaquan_some_sent_total{kind="a"} 2',
      'kaquan_some_waiting 3',
      'kaquan_some_seconds_bucket{le="0.1"} 0',
      'kaquan_some_seconds_bucket{le="1"} 1',
    ])
      expect(text.split('\n')).toContain(line);
    expect(await second.metrics()).not.toContain('kaquan_some_sent_total{kind="a"} 2');
  });

  it('refuse a name that is taken', () => {
    const registry = createRegistry();
    createMetrics(registry, definitions);
    expect(() => createMetrics(registry, definitions)).toThrow('already been registered');
  });
});
