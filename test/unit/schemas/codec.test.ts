import { describe, expect, it } from '@jest/globals';
import avsc from 'avsc';
import { createSchemas, encodeEvent, framedId, LATEST } from '../../../schemas/index.ts';
import { eventOf } from '../../arbitrary/event.ts';
import { validExamples } from './example-files.ts';

const schemas = createSchemas();
const example = (name: string) => eventOf(new Map(validExamples()).get(name));
const full = example('full');

describe('a framed value', () => {
  it('is a zero byte, the id, and what any Avro writer makes of the event', () => {
    const plain = avsc.Type.forSchema(JSON.parse(LATEST.text) as avsc.Schema).toBuffer(full);
    const value = encodeEvent(full);
    expect(value.subarray(0, 5).toString('hex')).toBe('000bfca2ca');
    expect(value.subarray(5)).toEqual(plain);
    expect(framedId(value)).toBe(LATEST.id);
  });

  it('has the id that a registry gave', () => {
    expect(framedId(encodeEvent(full, 4_294_967_295))).toBe(4_294_967_295);
    expect(encodeEvent(full, 7).subarray(5)).toEqual(encodeEvent(full).subarray(5));
  });

  it('of any size is encoded, and stays as it was when the next is', () => {
    const coupon_info = Array.from({ length: 1000 }, (_, index) => ({
      coupon_id: `${index}`.padStart(1000, '题'),
    }));
    const large = { ...full, coupon_info };
    const value = encodeEvent(large);
    const copy = Buffer.from(value);
    encodeEvent(example('minimal'));
    expect(value.length).toBeGreaterThan(1_000_000);
    expect(value.equals(copy)).toBe(true);
    expect(schemas.decodeEvent(LATEST.id, value)).toEqual({ ok: true, value: large });
  });

  it.each([[''], ['00'], ['0000000001'], ['01000000010000'], ['7b2274797065']])('%p is none', (hex) => {
    expect(framedId(Buffer.from(hex, 'hex'))).toBeUndefined();
  });

  it('with a number that is none of the schema’s is not encoded', () => {
    expect(() => encodeEvent({ ...full, time: 0.5 })).toThrow();
    expect(() => encodeEvent({ ...full, time: 2 ** 60 })).toThrow();
  });
});

/** A body with a header field per part, in the order of v1: parts may be replaced by other bytes. */
function bodyWith(parts: Partial<Record<'status' | 'coupons' | 'title' | 'time' | 'scene', string>>): Buffer {
  const time = 'e48ab8fae95a';
  const body = [
    '00'.repeat(16), // event_id
    '02' + '61' + time + (parts.status ?? '00') + '0262' + '02', // order_id, order_time, status, batch, amount
    parts.coupons ?? '02' + '0263' + '00',
    '0270', // page
    parts.title ?? '00',
    '00', // sr_sdk_version
    parts.time ?? time,
    '0275' + '0276' + '00000000' + '00', // app_id, open_id, user_id, union_id, local_id, tag, extra
    (parts.scene ?? '02') + '00000000' + '00' + '00', // chan
    '00' + '00' + '00' + '00', // component, from, tracking_id, unknown
  ].join('');
  return Buffer.from('0000000000' + body, 'hex');
}

const endless = 'ff'.repeat(200) + '7f';

describe('a body', () => {
  it('made by hand is read', () => {
    const decoded = schemas.decodeFolded(LATEST.id, bodyWith({}));
    expect(decoded).toMatchObject({
      ok: true,
      value: { coupon: { order_id: 'a', pay_amt: 1 }, time: 1_560_409_473_714 },
    });
  });

  it('in blocks that say their size is read, whatever the size says', () => {
    const block = (size: string) => bodyWith({ coupons: `01${size}0263` + '02' + '0264' + '00' });
    for (const size of ['04', '08', '01', '80808001']) {
      expect(schemas.decodeFolded(LATEST.id, block(size))).toMatchObject({
        value: { coupon_info: [{ coupon_id: 'c' }, { coupon_id: 'd' }] },
      });
      expect(schemas.decodeEvent(LATEST.id, block(size)).ok).toBe(true);
    }
  });

  it.each<[string, Parameters<typeof bodyWith>[0]]>([
    ['an unknown symbol', { status: '0c' }],
    ['a negative symbol', { status: '01' }],
    ['a union branch out of range', { title: '04' }],
    ['a negative union branch', { title: '01' }],
    ['a negative length', { title: '0203' }],
    ['a huge length', { title: '02feffffffffffffff7f' }],
    ['an endless length', { title: `02${endless}` }],
    ['a huge count of items', { coupons: 'feffffffffffffffff01' }],
    ['a huge negative count of items', { coupons: 'ffffffffffffffffff0100' }],
    ['an endless count of items', { coupons: endless }],
    ['a count beyond the end', { coupons: '80808001' + '0263' }],
    ['a time beyond all integers', { time: 'feffffffffffffffff01' }],
    ['an endless time', { time: endless }],
    ['a scene of 33 bits', { scene: '8080808020' }],
    ['an endless scene', { scene: endless }],
  ])('with %s is malformed', (_name, parts) => {
    const started = process.hrtime.bigint();
    expect(schemas.decodeFolded(LATEST.id, bodyWith(parts))).toEqual({ ok: false, reason: 'malformed' });
    expect(schemas.decodeEvent(LATEST.id, bodyWith(parts))).toEqual({ ok: false, reason: 'malformed' });
    expect(Number(process.hrtime.bigint() - started)).toBeLessThan(1e9);
  });

  it('with bytes that are no UTF-8 is damaged', () => {
    const folded = bodyWith({ coupons: '02' + '04ff63' + '00' });
    expect(schemas.decodeFolded(LATEST.id, folded)).toEqual({ ok: false, reason: 'damaged_text' });
    const outside = bodyWith({ title: '0204ff63' });
    expect(schemas.decodeFolded(LATEST.id, outside).ok).toBe(true);
    expect(schemas.decodeEvent(LATEST.id, outside)).toEqual({ ok: false, reason: 'damaged_text' });
  });

  it('is refused at every byte short of its end, and one beyond', () => {
    const value = encodeEvent(full);
    for (let length = 5; length < value.length; length += 1) {
      expect(schemas.decodeFolded(LATEST.id, value.subarray(0, length)).ok).toBe(false);
    }
    expect(schemas.decodeFolded(LATEST.id, Buffer.concat([value, Buffer.alloc(1)])).ok).toBe(false);
  });

  it('may begin anywhere', () => {
    const value = encodeEvent(full);
    const shifted = Buffer.concat([Buffer.alloc(3), value.subarray(5)]);
    expect(schemas.decodeFolded(LATEST.id, shifted, 3)).toEqual(schemas.decodeFolded(LATEST.id, value));
  });
});
