import { dirname, join } from 'node:path';
import type { z } from 'zod';

import { balance, member } from '../../schemas/catalogue/rules.ts';
import { HoldersDigest } from '../../services/marketing/catalogue/digest.ts';
import type {
  FileOffer,
  Holder,
  Holders,
  StoredOffer,
} from '../../services/marketing/catalogue/stored-offers.ts';
import { bytesOf, readNdjson, UnreadableError } from '../ndjson.ts';
import { FileProblems } from '../problems.ts';

const line: Readonly<Record<'membership' | 'score', z.ZodType<Holder>>> = {
  membership: member.transform((openId) => ({ openId, value: 0 })),
  score: balance.transform(({ open_id, value }) => ({ openId: open_id, value })),
};

/** Reads who has an offer, some at a time, from its list or from the file that it names. */
export async function* holdersOf(
  { kind, holders }: Holders,
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

/** Bytes of all the files that are named; what can't be read has none. */
export async function holdersBytes(all: readonly Holders[], catalogue: string): Promise<number> {
  const names = all.map(({ holders }) => holders).filter((holders) => typeof holders === 'string');
  const sizes = await Promise.all(names.map((name) => bytesOf(besides(catalogue, name)).catch(() => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

export interface CheckedHolders {
  readonly digest: HoldersDigest;
  /** Of the file: that it can't be read, or each line that breaks a rule. */
  readonly problems: readonly string[];
}

/** Reads all who have an offer. */
export async function checkHolders(
  list: Holders,
  catalogue: string,
  onRead: (bytes: number) => void,
): Promise<CheckedHolders> {
  const digest = new HoldersDigest();
  const problems = new FileProblems(typeof list.holders === 'string' ? list.holders : '');
  try {
    for await (const holders of holdersOf(list, catalogue, problems, onRead))
      for (const holder of holders) digest.add(holder);
    return { digest, problems: problems.lines };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { digest, problems: [...problems.lines, `${list.holdersPath} can't be read: ${error.reason}`] };
  }
}

/** An offer as it is stored, once all who have it were read and no line broke a rule. */
export async function checkOffer(
  offer: FileOffer,
  catalogue: string,
  onRead: (bytes: number) => void,
): Promise<{ readonly stored: StoredOffer; readonly problems: readonly string[] }> {
  const { digest, problems } = await checkHolders(offer, catalogue, onRead);
  const { kind, appId: app_id, id } = offer;
  const stored = {
    kind,
    app_id,
    id,
    offer: JSON.stringify(offer.offer),
    holders: digest.count,
    holders_digest: digest.text,
  };
  return { stored, problems };
}
