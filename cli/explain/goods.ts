import { InvalidArgumentError } from 'commander';

import type { GoodsLine } from '../../domain/coupon/cart.ts';

const GOODS = /^(.+):(\d{1,6}):(\d{1,13})$/;

/** `id:quantity:price`, the price in fen: one more line of the order. */
export function goodsLine(text: string, lines: readonly GoodsLine[] = []): readonly GoodsLine[] {
  const [, goodsId, quantityText, price] = GOODS.exec(text) ?? [];
  const quantity = Number(quantityText);
  const total = quantity * Number(price);
  if (goodsId === undefined || quantity === 0 || !Number.isSafeInteger(total))
    throw new InvalidArgumentError('It must be ID:QUANTITY:PRICE, the price of one in fen.');
  return [...lines, { goodsId, quantity, total }];
}
