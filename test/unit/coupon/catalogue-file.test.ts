import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

import { parseCatalogue } from '../../../schemas/catalogue/catalogue-file.ts';
import { balance, member } from '../../../schemas/catalogue/rules.ts';
import { identity } from '../../../schemas/identities/identity.ts';

const batch = {
  app_id: 'tt1',
  coupon_batch_id: 'b1',
  name: 'a name',
  rule: 'a rule',
  type: 1,
  dimension: 'goods',
  goods_ids: [],
  threshold_amount: 0,
  discount_amount: 500,
  start_time: 1_735_660_800_000,
  end_time: 1_893_427_199_999,
};

const membership = {
  app_id: 'tt1',
  id: 'm1',
  desc: 'gold',
  dimension: 'order',
  discount_amount: 100,
  members: ['o1'],
};

const problemsOf = (input: unknown): string[] => {
  const parsed = parseCatalogue(input);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path} ${message}`);
};

const withBatch = (changes: object): string[] => problemsOf({ coupon_batches: [{ ...batch, ...changes }] });

describe('a catalogue', () => {
  it('is accepted as the example has it', () => {
    const text = readFileSync(
      new URL('../../../schemas/catalogue/examples/coffee-shop.yaml', import.meta.url),
      'utf8',
    );
    expect(problemsOf(parse(text))).toEqual([]);
  });

  it('is told what stands twice beside what breaks another rule', () => {
    const score = { app_id: 'tt1', id: 's1', name: 'beans', dimension: 'order' };
    const balanceOf = (value: number) => ({ open_id: 'o1', value });
    expect(
      problemsOf({
        coupon_batches: [{ ...batch, goods_ids: ['1', 2, '1'] }],
        memberships: [{ ...membership, members: ['o1', { open_id: 'o1' }, 3, null] }],
        scores: [{ ...score, balances: [balanceOf(1), balanceOf(-1), null] }],
      }),
    ).toEqual([
      'coupon_batches[0].goods_ids[1] must be a string: put it in quotes',
      'coupon_batches[0].goods_ids must name no goods twice',
      'memberships[0].members[2] must be an open_id, or {"open_id": …}',
      'memberships[0].members[3] must be an open_id, or {"open_id": …}',
      'memberships[0].members must name no buyer twice',
      'scores[0].balances[1].value must not be negative',
      'scores[0].balances[2] must be {"open_id": …, "value": …}',
      'scores[0].balances must name no buyer twice',
    ]);
  });

  it('may offer nothing, if it says so of each list', () => {
    expect(problemsOf({ coupon_batches: [], activities: [], memberships: [], scores: [] })).toEqual([]);
  });

  it.each([[null], [undefined], [{}], [{ coupon_batches: [], scores: [] }]])(
    'does not take all offers away by leaving lists out: %j',
    (input) => {
      expect(problemsOf(input)).toEqual([
        ' must have an offer: to take all offers away, write coupon_batches: [], activities: [], memberships: [], scores: []',
      ]);
    },
  );

  it('may have offers that hold since ever, and till the end of the year 9999', () => {
    expect(withBatch({ start_time: 0, end_time: 253_402_300_799_999 })).toEqual([]);
  });

  it.each([
    [{ dimension: 'order', goods_ids: ['g1'] }, 'goods_ids must be empty where dimension is order'],
    [{ goods_ids: ['g1', 'g1'] }, 'goods_ids must name no goods twice'],
    [{ goods_ids: [7112741589566392364n] }, 'goods_ids[0] must be a string'],
    [{ goods_ids: [711274158] }, 'goods_ids[0] must be a string: put it in quotes'],
    [{ dimension: 'both' }, 'dimension must be goods or order'],
    [{ end_time: 1_735_660_799_999 }, 'end_time must not be before start_time'],
    [{ start_time: 1_735_660_800 }, 'start_time must be in milliseconds: ten digits are seconds'],
    [{ start_time: -1 }, 'start_time must not be before 0, which is 1970-01-01T00:00:00Z'],
    [
      { end_time: 253_402_300_800_000 },
      'end_time must be at most 253402300799999, which is 9999-12-31T23:59:59.999Z',
    ],
    [{ start_time: 0.5 }, 'start_time must be a whole number of milliseconds since 1970'],
    [{ discount_amount: 2.7 }, 'discount_amount must be a whole number of fen'],
    [{ discount_amount: -1 }, 'discount_amount must not be negative'],
    [{ threshold_amount: undefined }, 'threshold_amount must be present'],
    [{ name: '' }, 'name must not be empty'],
    [{ coupon_batch_id: 16000001 }, 'coupon_batch_id must be a string: put it in quotes'],
    [{ discount: 1 }, ' must not have discount'],
  ])('is refused with %j', (changes, problem) => {
    expect(withBatch(changes)).toEqual([`coupon_batches[0]${problem.startsWith(' ') ? '' : '.'}${problem}`]);
  });

  it('is told all that is wrong with it at once', () => {
    const input = {
      coupon_batches: [
        { ...batch, name: 7, threshold_amount: 1.5, dimension: 'order', goods_ids: ['g1'] },
        batch,
        batch,
      ],
      memberships: [
        { ...membership, members: ['o1', 'o1'] },
        { ...membership, id: 'm2', members: ['o1', 5] },
      ],
      scores: [{ app_id: 'tt1', id: 's1', name: 'beans', dimension: 'order', balances: '../beans' }],
      prices: [],
    };
    expect(problemsOf(input)).toEqual([
      'coupon_batches[0].name must be a string: put it in quotes',
      'coupon_batches[0].threshold_amount must be a whole number of fen',
      'coupon_batches[0].goods_ids must be empty where dimension is order',
      'memberships[0].members must name no buyer twice',
      'memberships[1].members[1] must be an open_id, or {"open_id": …}',
      'scores[0].balances must be the name of a file beside the catalogue, without a path',
      ' must not have prices: a catalogue has coupon_batches, activities, memberships, scores',
      'coupon_batches[1] must not repeat the id of coupon_batches[0]',
      'coupon_batches[2] must not repeat the id of coupon_batches[0]',
    ]);
  });

  it('may have one id in two apps, and in two kinds', () => {
    const { coupon_batch_id: id, type: _, ...others } = batch;
    const activity = { ...others, id };
    expect(
      problemsOf({ coupon_batches: [batch, { ...batch, app_id: 'tt2' }], activities: [activity] }),
    ).toEqual([]);
  });
});

describe('lines of the files beside it', () => {
  it('are members as texts or as objects, balances, and identities', () => {
    expect(['o1', { open_id: 'o1' }].map((line) => member.parse(line))).toEqual(['o1', 'o1']);
    expect(balance.parse({ open_id: 'o1', value: 0 })).toEqual({ open_id: 'o1', value: 0 });
    expect(identity.parse({ app_id: 'tt1', open_id: 'o1', user_id: null }).user_id).toBeNull();
  });

  it.each([
    [member, 5],
    [member, ''],
    [balance, { open_id: 'o1', value: -1 }],
    [balance, { open_id: 'o1' }],
    [balance, 'o1'],
    [identity, { app_id: 'tt1', open_id: 'o1' }],
    [identity, { app_id: 'tt1', open_id: 'o1', user_id: 5 }],
  ])('are refused as anything else', (rules, line) => {
    expect(rules.safeParse(line).success).toBe(false);
  });
});
