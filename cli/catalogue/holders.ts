import { dirname, join } from 'node:path';
import type { z } from 'zod';

import { balance, member } from '../../schemas/catalogue/rules.ts';
import type { Holder, Holders } from '../../services/marketing/catalogue/stored-offers.ts';
import { bytesOf, readNdjson, type Lines } from '../ndjson.ts';

const line: Readonly<Record<'membership' | 'score', z.ZodType<Holder>>> = {
  membership: member.transform((openId) => ({ openId, value: 0 })),
  score: balance.transform(({ open_id, value }) => ({ openId: open_id, value })),
};

/** Reads who has an offer, some at a time, from its list or from the file that it names. */
export async function* holdersOf(
  { kind, holders }: Holders,
  catalogue: string,
  onRead: (bytes: number) => void,
): AsyncGenerator<readonly Holder[]> {
  if (typeof holders !== 'string') {
    yield holders;
    return;
  }
  for await (const { values, bytes } of holdersIn(holders, kind, catalogue)) {
    onRead(bytes);
    yield values;
  }
}

/** Reads a file beside the catalogue that lists who has an offer. @throws {UnreadableError} */
export const holdersIn = (
  file: string,
  kind: Holders['kind'],
  catalogue: string,
): AsyncGenerator<Lines<Holder>> =>
  readNdjson(besides(catalogue, file), line[kind === 'score' ? 'score' : 'membership']);

const besides = (catalogue: string, name: string): string => join(dirname(catalogue), name);

/** Bytes of all the files that are named; what can't be read has none. */
export async function holdersBytes(all: readonly Holders[], catalogue: string): Promise<number> {
  const names = all.map(({ holders }) => holders).filter((holders) => typeof holders === 'string');
  const sizes = await Promise.all(names.map((name) => bytesOf(besides(catalogue, name)).catch(() => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
