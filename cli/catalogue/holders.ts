import { dirname, join } from 'node:path';
import type { z } from 'zod';

import { balance, member } from '../../schemas/catalogue/rules.ts';
import { HoldersDigest } from '../../services/marketing/catalogue/digest.ts';
import type { FileOffer, Holder, StoredOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import { bytesOf, readNdjson } from '../ndjson.ts';
import { FileProblems } from '../problems.ts';

const line: Readonly<Record<'membership' | 'score', z.ZodType<Holder>>> = {
  membership: member.transform((openId) => ({ openId, value: 0 })),
  score: balance.transform(({ open_id, value }) => ({ openId: open_id, value })),
};

/** Reads who has an offer, some at a time, from its list or from the file that it names. */
export async function* holdersOf(
  { kind, holders }: FileOffer,
  catalogue: string,
  problems: FileProblems,
  onRead: (bytes: number) => void,
): AsyncGenerator<readonly Holder[]> {
  if (typeof holders !== 'string') {
    yield holders;
    return;
  }
  const rules = line[kind === 'score' ? 'score' : 'membership'];
  for await (const { values, problems: found, bytes } of readNdjson(besides(catalogue, holders), rules)) {
    problems.add(found);
    onRead(bytes);
    yield values;
  }
}

const besides = (catalogue: string, name: string): string => join(dirname(catalogue), name);

/** Bytes of all the files that offers name. */
export async function holdersBytes(offers: readonly FileOffer[], catalogue: string): Promise<number> {
  const names = offers.map(({ holders }) => holders).filter((holders) => typeof holders === 'string');
  const sizes = await Promise.all(names.map((name) => bytesOf(besides(catalogue, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** An offer as it is stored, once all who have it were read and no line broke a rule. */
export async function checkOffer(
  offer: FileOffer,
  catalogue: string,
  onRead: (bytes: number) => void,
): Promise<{ readonly stored: StoredOffer; readonly problems: readonly string[] }> {
  const digest = new HoldersDigest();
  const problems = new FileProblems(typeof offer.holders === 'string' ? offer.holders : '');
  for await (const holders of holdersOf(offer, catalogue, problems, onRead))
    for (const holder of holders) digest.add(holder);
  const { kind, appId: app_id, id } = offer;
  const stored = {
    kind,
    app_id,
    id,
    offer: JSON.stringify(offer.offer),
    holders: digest.count,
    holders_digest: digest.text,
  };
  return { stored, problems: problems.lines };
}
