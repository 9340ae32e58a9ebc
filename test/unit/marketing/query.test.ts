import { describe, expect, it } from '@jest/globals';

import { queryReader, type MarketingQuery } from '../../../services/marketing/request/query.ts';
import { printedMsg, printedRequest } from './document.ts';

const read = queryReader(['2.0']);

const bodyOf = (msg: unknown, outer: object = {}): Buffer =>
  Buffer.from(
    JSON.stringify({
      version: '2.0',
      type: 'query_marketing_info',
      msg: typeof msg === 'string' ? msg : JSON.stringify(msg),
      ...outer,
    }),
  );

const LINE = { goods_id: '7112741589566392364', quantity: 3, price: 100 };
const MSG = { open_id: 'o', app_id: 'tt', goods_info: [LINE] };

const queryOf = (body: Buffer): MarketingQuery => {
  const parsed = read(body);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.violations));
  return parsed.query;
};

const problemsOf = (body: Buffer): string[] => {
  const parsed = read(body);
  return parsed.ok ? [] : parsed.violations.map(({ path, rule, message }) => `${rule} ${path} ${message}`);
};

/** The message with other members; one that is undefined is absent. */
const withMsg = (members: object): Buffer => bodyOf({ ...MSG, ...members });
const withLine = (members: object): Buffer => withMsg({ goods_info: [LINE, { ...LINE, ...members }] });

describe('the samples of the document', () => {
  it('reads its request, where total_amount is the total of the line', () => {
    expect(queryOf(Buffer.from(printedRequest().body))).toEqual({
      buyer: { appId: 'ttxxxxxx', openId: '123rq0gjhdfoqierug', unionId: undefined },
      lines: [{ goodsId: '7112741589566392364', quantity: 3, total: 100 }],
    });
  });

  it('reads its inner structure, where price is the price of one', () => {
    expect(queryOf(bodyOf(printedMsg())).lines).toEqual([
      { goodsId: '7112741589566392364', quantity: 3, total: 300 },
    ]);
  });
});

describe('a request', () => {
  it('may have a union_id, a callback_data and members that nobody knows', () => {
    const body = withMsg({ union_id: 'u', callback_data: 'c', more: [1] });
    expect(queryOf(body).buyer.unionId).toBe('u');
  });

  it('may leave an optional member empty, or null', () => {
    for (const empty of ['', null])
      expect(queryOf(withMsg({ union_id: empty })).buyer.unionId).toBeUndefined();
    expect(queryOf(withLine({ price: null, total_amount: 7 })).lines[1]?.total).toBe(7);
  });

  it('may name one goods on two lines', () => {
    expect(queryOf(withLine({ price: 50 })).lines.map(({ total }) => total)).toEqual([300, 150]);
  });

  it('may have price and total_amount that agree', () => {
    expect(queryOf(withLine({ total_amount: 300 })).lines[1]?.total).toBe(300);
  });

  it('may be of another version where that is accepted', () => {
    expect(queryReader(['2.0', '3.0'])(bodyOf(MSG, { version: '3.0' })).ok).toBe(true);
  });

  it('keeps ids that are longer than a number can be', () => {
    const ids = ['9007199254740993', '7112741589566392364', '00012'];
    const body = withMsg({ goods_info: ids.map((goods_id) => ({ ...LINE, goods_id })) });
    expect(queryOf(body).lines.map(({ goodsId }) => goodsId)).toEqual(ids);
  });
});

describe('a request is refused, with field and rule, when', () => {
  it.each<[string, Buffer, string[]]>([
    ['it is no JSON', Buffer.from('{'), ['Q3  must be JSON in UTF-8']],
    ['it is empty', Buffer.alloc(0), ['Q3  must be JSON in UTF-8']],
    ['it is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), ['Q3  must be JSON in UTF-8']],
    ['it is a list', Buffer.from('[]'), ['R14  must be an object']],
    ['its version is another', bodyOf(MSG, { version: '1.0' }), ['Q2 version must be the string 2.0']],
    ['its version is a number', bodyOf(MSG, { version: 2 }), ['Q2 version must be the string 2.0']],
    ['its version is absent', bodyOf(MSG, { version: undefined }), ['Q2 version must be the string 2.0']],
    ['a goods is null', withMsg({ goods_info: [null] }), ['Q4 msg.goods_info[0] must be present']],
    ['a goods is text', withMsg({ goods_info: ['g'] }), ['R14 msg.goods_info[0] must be an object']],
    [
      'its type is another',
      bodyOf(MSG, { type: 'calculate_price' }),
      ['Q2 type must be the string query_marketing_info'],
    ],
    ['msg is an object', bodyOf('', { msg: MSG }), ['Q3 msg must be a string that holds JSON']],
    ['msg is no JSON', bodyOf('{'), ['Q3 msg must be JSON in UTF-8']],
    ['msg is null', bodyOf('null'), ['Q3 msg must be present']],
    [
      'open_id and app_id are missing',
      withMsg({ open_id: undefined, app_id: '' }),
      ['Q5 msg.open_id must be present and not empty', 'Q5 msg.app_id must be present and not empty'],
    ],
    ['goods_info is missing', withMsg({ goods_info: undefined }), ['Q4 msg.goods_info must be present']],
    ['no goods is named', withMsg({ goods_info: [] }), ['Q4 msg.goods_info must name at least one goods']],
    [
      'a goods_id is a number, which would lose its last digits',
      withLine({ goods_id: 7112741589566392 }),
      ['R14 msg.goods_info[1].goods_id must be a string'],
    ],
    [
      'a quantity is nothing',
      withLine({ quantity: 0 }),
      ['Q4 msg.goods_info[1].quantity must be a whole number from 1 to 1000000'],
    ],
    [
      'a price is a fraction',
      withLine({ price: 1.5 }),
      ['Q4 msg.goods_info[1].price must be a whole number from 0 to 10000000000000'],
    ],
    [
      'neither price nor total_amount is there',
      withLine({ price: undefined }),
      ['Q4 msg.goods_info[1].price must be present where total_amount is not'],
    ],
    [
      'price and total_amount do not agree',
      withLine({ total_amount: 100 }),
      ['Q4 msg.goods_info[1].total_amount must be price × quantity where both are present'],
    ],
    [
      'a line is beyond every sum',
      withLine({ quantity: 1_000_000, price: 10_000_001 }),
      ['bounds msg.goods_info[1].price must make at most 10000000000000 fen × quantity'],
    ],
  ])('%s', (_, body, problems) => {
    expect(problemsOf(body)).toEqual(problems);
  });

  it('tells nothing of what it says', () => {
    const parsed = read(withMsg({ open_id: 7, goods_info: [{ ...LINE, goods_id: ['secret'] }] }));
    expect(JSON.stringify(parsed)).not.toContain('secret');
  });
});
