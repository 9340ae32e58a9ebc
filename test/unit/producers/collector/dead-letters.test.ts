import { describe, expect, it } from '@jest/globals';

import { invalidLetter, KEPT_BYTES } from '../../../../producers/collector/dead-letters.ts';
import { judge } from '../../../../producers/collector/judgement.ts';
import { recordBytes } from '../../../../producers/delivery/limits.ts';
import { lastText } from '../../../../runtime/kafka/dead-letters.ts';

const arrival = { appId: 'bi1', at: 0 };
const encoding = { partitions: 1, schemaId: 1 };

function letterOf(report: unknown, body = Buffer.from('')) {
  const [invalid] = judge([report], encoding, () => true).invalid;
  if (invalid === undefined) throw new Error('it breaks no rule');
  const letter = invalidLetter(invalid, body, arrival);
  const violations = JSON.parse(lastText(letter.headers ?? {}, 'dlq_detail') ?? '') as { rule: string }[];
  return { letter, violations };
}

describe("the collector's dead letters", () => {
  it('name every rule that a report breaks', () => {
    const { letter, violations } = letterOf({ type: 'coupon_order', props: { page: '/x' } });
    expect(violations.map(({ rule }) => rule).sort()).toEqual(['R2', 'R2', 'R2', 'R2', 'R2', 'R8']);
    expect(JSON.parse(String(letter.value))).toEqual({ type: 'coupon_order', props: { page: '/x' } });
  });

  it('stay bounded, and JSON, however many rules a report breaks', () => {
    const tag = Array.from({ length: 1000 }, () => ({ tag_id: 7, tag_name: 7 }));
    const { letter, violations } = letterOf({ type: 'coupon_order', props: { wx_user: { tag } } });
    expect(violations.length).toBeGreaterThan(100);
    expect(lastText(letter.headers ?? {}, 'dlq_detail')?.length).toBeLessThanOrEqual(65_536);
  });

  it('count with all that they weigh, so that they wait within the bound of the queue', () => {
    const { letter } = letterOf({});
    expect(recordBytes(letter)).toBeGreaterThan(lastText(letter.headers ?? {}, 'dlq_detail')?.length ?? 0);
  });

  it('keep the head of the body where a report is nested deeper than can be written', () => {
    const text = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const { letter } = letterOf(JSON.parse(text), Buffer.from(text));
    expect(letter.value).toHaveLength(KEPT_BYTES);
  });
});
