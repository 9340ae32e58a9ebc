import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { isCompatible, LATEST } from '../../../schemas/index.ts';

const next = readFileSync(new URL('../../fixtures/coupon_order/v2.avsc', import.meta.url), 'utf8');

describe('a schema in a registry', () => {
  it('reads ours and is read by it, when it is a version of it', () => {
    expect(isCompatible(LATEST.text)).toBe(true);
    expect(isCompatible(next)).toBe(true);
  });

  it.each([
    ['another record', '{"type":"record","name":"Other","fields":[{"name":"n","type":"long"}]}'],
    ['another type', '"string"'],
    ['no schema', 'none'],
  ])('does not when it is %s', (_, text) => expect(isCompatible(text)).toBe(false));
});
