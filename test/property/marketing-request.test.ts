import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { queryReader } from '../../services/marketing/request/query.ts';
import { arbitraryText } from '../arbitrary/event.ts';

const read = queryReader(['2.0']);
const SEED = { seed: 5, numRuns: 500 };

const bodyOf = (msg: unknown): Buffer =>
  Buffer.from(JSON.stringify({ version: '2.0', type: 'query_marketing_info', msg: JSON.stringify(msg) }));

const id = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String), arbitraryText(1, 30));
const line = fc.record({
  goods_id: id,
  quantity: fc.integer({ min: 1, max: 1_000_000 }),
  price: fc.integer({ min: 0, max: 10_000_000 }),
});
const total = fc.record({
  goods_id: id,
  quantity: fc.integer({ min: 1, max: 1_000_000 }),
  total_amount: fc.integer({ min: 0, max: 10_000_000_000_000 }),
});

describe('any request', () => {
  it('that keeps the rules is read as it is', () => {
    const msg = fc.record({
      app_id: id,
      open_id: id,
      goods_info: fc.array(fc.oneof(line, total), { minLength: 1, maxLength: 5 }),
      callback_data: fc.jsonValue(),
    });
    fc.assert(
      fc.property(msg, (asked) => {
        const lines = asked.goods_info.map((goods) => ({
          goodsId: goods.goods_id,
          quantity: goods.quantity,
          total: 'price' in goods ? goods.price * goods.quantity : goods.total_amount,
        }));
        const buyer = { appId: asked.app_id, openId: asked.open_id, unionId: undefined };
        expect(read(bodyOf(asked))).toEqual({ ok: true, query: { buyer, lines } });
      }),
      SEED,
    );
  });

  it('is read or refused, whatever it says, and never fails', () => {
    const member = fc.oneof(id, fc.integer(), fc.jsonValue({ maxDepth: 3 }));
    const shape = { open_id: member, app_id: member, goods_info: member, union_id: member };
    const some = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.record(shape, { requiredKeys: [] }).map(bodyOf),
      fc
        .array(fc.record({ goods_id: member, quantity: member, price: member }, { requiredKeys: [] }))
        .map((goods_info) => bodyOf({ open_id: 'o', app_id: 'a', goods_info })),
    );
    fc.assert(
      fc.property(some, (body) => {
        const parsed = read(body);
        if (parsed.ok)
          for (const { total: fen } of parsed.query.lines) expect(Number.isSafeInteger(fen)).toBe(true);
        else expect(parsed.violations.length).toBeGreaterThan(0);
      }),
      SEED,
    );
  });
});
