import { broken, violationAt, type Path, type Violation } from '../../../schemas/coupon_order/violation.ts';
import { answerShape, type Answer, type Bundle, type GoodsBundle } from './answer-shape.ts';

/** What the answer must agree with. */
export interface Asked {
  /** As requested, with repetitions. */
  readonly goodsIds: readonly string[];
  /** Every coupon that the buyer holds and the catalogue knows, usable or not; unset: not checked. */
  readonly couponIds?: readonly string[];
}

type Found = Generator<{ readonly path: Path; readonly problem: string }>;

/** Every rule of the platform (P1–P11) that `answer` breaks, each with its place; none: the platform takes it. */
export function brokenRules(answer: unknown, asked: Asked): Violation[] {
  const shape = answerShape.safeParse(answer);
  if (!shape.success) {
    return shape.error.issues.map(({ path, message }) => violationAt(answer, path, message));
  }
  return [...relations(shape.data, asked)].map(({ path, problem }) => violationAt(answer, path, problem));
}

function* relations({ data }: Answer, asked: Asked): Found {
  yield* listedIds(data);
  yield* sameGoods(data, asked);
  yield* repetitions(data);
  yield* defaults(data);
  yield* allHeld(data, asked);
  yield* periods(data);
  yield* dimensions(data);
}

type Data = Answer['data'];
type Places = readonly (readonly [path: Path, bundle: Bundle])[];

const GOODS = 'goods_valid_marketing_info';
const ORDER = 'order_valid_marketing_info';
const LISTS = ['default_marketing_info', 'valid_marketing_info'] as const;
const INFOS = ['score_info', 'activity_info', 'membership_info', 'coupon_info'] as const;

const goodsBundles = (data: Data): Places =>
  LISTS.flatMap((list) =>
    data[GOODS][list].map(
      (goods, at) => [['data', GOODS, list, at, 'valid_marketing_info'], goods.valid_marketing_info] as const,
    ),
  );

const orderBundles = (data: Data): Places =>
  LISTS.map((list) => [['data', ORDER, list], data[ORDER][list]] as const);

const bundles = (data: Data): Places => [...goodsBundles(data), ...orderBundles(data)];

const idsOf = (list: readonly { readonly id: string }[]): Set<string> => new Set(list.map(({ id }) => id));

/** P3: what a bundle names is listed; a score with the same name and value. */
function* listedIds(data: Data): Found {
  const kinds = [
    ['activity_ids', idsOf(data.activity_info)],
    ['coupon_ids', idsOf(data.coupon_info)],
    ['membership_ids', idsOf(data.membership_info)],
  ] as const;
  for (const [path, bundle] of bundles(data)) {
    for (const [kind, listed] of kinds) {
      for (const [at, id] of bundle[kind].entries())
        if (!listed.has(id)) yield { path: [...path, kind, at], problem: broken('P3', 'must be listed') };
    }
    for (const [at, score] of bundle.score_info.entries()) {
      const listed = data.score_info.find(({ id }) => id === score.id);
      if (listed?.name !== score.name || listed.value !== score.value)
        yield { path: [...path, 'score_info', at], problem: broken('P3', 'must be listed as it is') };
    }
  }
}

/** P4 and P5: the goods of the answer are the goods of the request. */
function* sameGoods(data: Data, { goodsIds }: Asked): Found {
  const asked = new Set(goodsIds);
  for (const list of LISTS) {
    const answered = data[GOODS][list].map(({ goods_id }) => goods_id);
    for (const [at, id] of answered.entries()) {
      if (!asked.has(id))
        yield {
          path: ['data', GOODS, list, at, 'goods_id'],
          problem: broken('P4', 'must be a requested goods'),
        };
    }
    if ([...asked].some((id) => !answered.includes(id)))
      yield { path: ['data', GOODS, list], problem: broken('P5', 'must answer every requested goods') };
  }
}

/** P6: nothing stands twice in a list. */
function* repetitions(data: Data): Found {
  const lists: (readonly [Path, readonly string[]])[] = [
    ...INFOS.map((info) => [['data', info], data[info].map(({ id }) => id)] as const),
    ...LISTS.map(
      (list) => [['data', GOODS, list], data[GOODS][list].map(({ goods_id }) => goods_id)] as const,
    ),
    ...bundles(data).flatMap(([path, bundle]) => [
      [[...path, 'activity_ids'], bundle.activity_ids] as const,
      [[...path, 'coupon_ids'], bundle.coupon_ids] as const,
      [[...path, 'membership_ids'], bundle.membership_ids] as const,
      [[...path, 'score_info'], bundle.score_info.map(({ id }) => id)] as const,
    ]),
  ];
  for (const [path, ids] of lists)
    if (new Set(ids).size < ids.length) yield { path, problem: broken('P6', 'must name nothing twice') };
}

/** P7: what is chosen by default may be used. */
function* defaults(data: Data): Found {
  const [chosen, valid] = [data[GOODS].default_marketing_info, data[GOODS].valid_marketing_info];
  for (const [at, { goods_id: id, valid_marketing_info: bundle }] of chosen.entries()) {
    if (!isWithin(bundle, bundleOf(valid, id)))
      yield {
        path: ['data', GOODS, 'default_marketing_info', at],
        problem: broken('P7', 'must be within the valid'),
      };
  }
  const order = data[ORDER];
  if (!isWithin(order.default_marketing_info, order.valid_marketing_info))
    yield {
      path: ['data', ORDER, 'default_marketing_info'],
      problem: broken('P7', 'must be within the valid'),
    };
}

const bundleOf = (list: readonly GoodsBundle[], id: string): Bundle | undefined =>
  list.find(({ goods_id }) => goods_id === id)?.valid_marketing_info;

const isWithin = (some: Bundle, all: Bundle | undefined): boolean =>
  all !== undefined &&
  some.activity_ids.every((id) => all.activity_ids.includes(id)) &&
  some.coupon_ids.every((id) => all.coupon_ids.includes(id)) &&
  some.membership_ids.every((id) => all.membership_ids.includes(id)) &&
  some.score_info.every(({ id }) => idsOf(all.score_info).has(id));

/** P8: every coupon of the account is listed, usable or not, and none of anybody else's. */
function* allHeld(data: Data, { couponIds }: Asked): Found {
  if (couponIds === undefined) return;
  const listed = idsOf(data.coupon_info);
  const held = new Set(couponIds);
  if (held.size !== listed.size || [...held].some((id) => !listed.has(id)))
    yield { path: ['data', 'coupon_info'], problem: broken('P8', "must list all of the account's coupons") };
}

/** P10: nothing ends before it starts. */
function* periods(data: Data): Found {
  for (const info of ['activity_info', 'coupon_info'] as const) {
    for (const [at, { start_time, end_time }] of data[info].entries())
      if (start_time > end_time)
        yield { path: ['data', info, at], problem: broken('P10', 'must start before it ends') };
  }
}

/** P11: no coupon is both of goods and of the order. */
function* dimensions(data: Data): Found {
  const ofGoods = new Set(goodsBundles(data).flatMap(([, bundle]) => bundle.coupon_ids));
  for (const [path, bundle] of orderBundles(data)) {
    for (const [at, id] of bundle.coupon_ids.entries())
      if (ofGoods.has(id))
        yield { path: [...path, 'coupon_ids', at], problem: broken('P11', 'must not be of goods too') };
  }
}
