import { describe, expect, it } from '@jest/globals';

import { readBody } from '../../../../producers/collector/body.ts';

const read = (text: string) =>
  readBody(Buffer.from(text), { contentType: undefined, encryptingKey: undefined });

describe('a body', () => {
  it('may begin with a byte order mark, once', () => {
    expect(read('\ufeff[{"a":1}]')).toEqual({ readable: true, reports: [{ a: 1 }] });
    expect(read('\ufeff\ufeff1')).toEqual({ readable: false, reason: 'no_json' });
  });

  it('in another encoding can not be read: its texts would be other texts', () => {
    const gbk = Buffer.from([...Buffer.from('{"order_id":"'), 0xb9, 0xba, ...Buffer.from('"}')]);
    const headers = { contentType: 'application/json; charset=gbk', encryptingKey: undefined };
    expect(readBody(gbk, headers)).toEqual({ readable: false, reason: 'no_json' });
  });
});
