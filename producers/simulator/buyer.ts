import { hash } from 'node:crypto';

import { TAGS } from './vocabulary.ts';

/** Who buys: one WeChat user in one mini program. */
export interface Buyer {
  readonly openId: string;
  readonly userId: string | null;
  readonly unionId: string | null;
  readonly localId: string;
  readonly tags: readonly string[];
}

/** The buyer with this number in this app; the same number is always the same buyer. */
export function buyerOf(seed: string, appId: string, number: number): Buyer {
  const bytes = hash('sha256', `${seed}/${appId}/buyer/${number}`, 'buffer');
  const trait = (index: number) => bytes[index] ?? 0;
  const text = bytes.toString('base64url');
  return {
    openId: `o${text.slice(0, 27)}`,
    userId: trait(20) < 180 ? String(bytes.readUIntBE(20, 6)).padStart(12, '0').slice(-12) : null,
    unionId: trait(21) < 150 ? `o6_${text.slice(10, 35)}` : null,
    localId: uuid(bytes),
    tags: TAGS.filter((_, index) => trait(22 + index) < 40),
  };
}

function uuid(bytes: Buffer): string {
  const hex = bytes.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
