/** One line of what a buyer is about to order. */
export interface GoodsLine {
  readonly goodsId: string;
  readonly quantity: number;
  /** fen, of the whole line: unit price × quantity. */
  readonly total: number;
}

/** The order in front of a buyer. */
export interface Cart {
  /** fen by goods_id, in the order in which they were asked for; a goods on two lines is one goods. */
  readonly goods: ReadonlyMap<string, number>;
  /** fen */
  readonly total: number;
}

export function cartOf(lines: readonly GoodsLine[]): Cart {
  const goods = new Map<string, number>();
  let total = 0;
  for (const line of lines) {
    goods.set(line.goodsId, (goods.get(line.goodsId) ?? 0) + line.total);
    total += line.total;
  }
  return { goods, total };
}
