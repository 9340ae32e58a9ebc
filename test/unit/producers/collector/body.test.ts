import { describe, expect, it } from '@jest/globals';

import { readBody } from '../../../../producers/collector/body.ts';

const read = (text: string) =>
  readBody(Buffer.from(text), { contentType: undefined, encryptingKey: undefined });

describe('a body', () => {
  it('may begin with a byte order mark, once', () => {
    expect(read('\ufeff[{"a":1}]')).toEqual({ readable: true, reports: [{ a: 1 }] });
    expect(read('\ufeff\ufeff1')).toEqual({ readable: false, reason: 'no_json' });
  });
});
