import { describe, expect, it } from '@jest/globals';
import { avroType } from '../../../schemas/coupon_order/avro-types.ts';

const record = (type: unknown) =>
  avroType(JSON.stringify({ type: 'record', name: 'Outer', fields: [{ name: 'inner', type }] }));

/** A reader that skips `inner`. */
const nothing = avroType('{"type":"record","name":"Outer","fields":[]}');

const map = record({ type: 'map', values: 'int' });
const nulls = record({ type: 'array', items: 'null' });
const nested = record({ type: 'array', items: { type: 'array', items: 'string' } });
const HUGE = 'feffffffffffffffff01';

describe('a type of any writer', () => {
  it('reads and skips what it wrote', () => {
    const values = [
      [map, { inner: { a: 1, b: -2 } }],
      [map, { inner: {} }],
      [nested, { inner: [['a'], [], ['b', 'c']] }],
      [nulls, { inner: [] }],
    ] as const;
    for (const [type, value] of values) {
      const bytes = type.toBuffer(value);
      expect(JSON.stringify(type.fromBuffer(bytes))).toBe(JSON.stringify(value));
      expect(nothing.fromBuffer(bytes, nothing.createResolver(type))).toEqual({});
    }
  });

  it('reads a map’s key that JavaScript treats specially', () => {
    const value = { inner: JSON.parse('{"__proto__":7}') as unknown };
    expect(JSON.stringify(map.fromBuffer(map.toBuffer(value)))).toBe('{"inner":{"__proto__":7}}');
  });

  it.each([
    ['a map', map, HUGE],
    ['a map in blocks', map, `0104${HUGE}`],
    ['an array', nested, HUGE],
    ['an array in an array', nested, `02${HUGE}`],
    ['items that take no bytes', nulls, HUGE],
    ['few items that take no bytes', nulls, '0400'],
  ])('refuses a damaged count of %s at once', (_name, type, hex) => {
    const bytes = Buffer.from(hex, 'hex');
    const started = process.hrtime.bigint();
    expect((): unknown => type.fromBuffer(bytes)).toThrow();
    expect((): unknown => nothing.fromBuffer(bytes, nothing.createResolver(type))).toThrow();
    expect(Number(process.hrtime.bigint() - started)).toBeLessThan(1e9);
  });
});
