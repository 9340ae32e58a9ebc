import { HoldersDigest } from '../../services/marketing/catalogue/digest.ts';
import type { FileOffer, Holders, StoredOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import { UnreadableError } from '../ndjson.ts';
import { FileProblems, SHOWN } from '../problems.ts';
import { holdersIn } from './holders.ts';
import { Names } from './names.ts';

export interface CheckedHolders {
  readonly digest: HoldersDigest;
  /** Of the file: that it can't be read, or each line that breaks a rule. */
  readonly problems: readonly string[];
}

type OnRead = (bytes: number) => void;

/** Reads all who have an offer. */
export async function checkHolders(
  { kind, holders, holdersPath }: Holders,
  catalogue: string,
  onRead: OnRead,
): Promise<CheckedHolders> {
  const digest = new HoldersDigest();
  if (typeof holders !== 'string') {
    for (const holder of holders) digest.add(holder);
    return { digest, problems: [] };
  }
  const problems = new FileProblems(holders);
  try {
    await checkLines(() => holdersIn(holders, kind, catalogue), { digest, problems, onRead });
    return { digest, problems: problems.lines };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { digest, problems: [...problems.lines, `${holdersPath} can't be read: ${error.reason}`] };
  }
}

interface Found {
  readonly digest: HoldersDigest;
  readonly problems: FileProblems;
  readonly onRead: OnRead;
}

async function checkLines(
  read: () => ReturnType<typeof holdersIn>,
  { digest, problems, onRead }: Found,
): Promise<void> {
  const names = new Names();
  for await (const { values, problems: found, bytes } of read()) {
    problems.add(found);
    onRead(bytes);
    for (const holder of values) {
      digest.add(holder);
      names.add(holder.openId);
    }
  }
  const suspects = names.repeated(SHOWN);
  if (!suspects.any) return;
  // Seldom done: only a second look finds the lines without having kept all names.
  const first = new Map<string, number>();
  for await (const { values, numbers } of read())
    for (const [at, { openId }] of values.entries()) {
      if (!suspects.has(openId)) continue;
      const [line, before] = [numbers[at] ?? 0, first.get(openId)];
      if (before === undefined) first.set(openId, line);
      else problems.add([{ line, message: `must not name the buyer of line ${before} again` }]);
    }
  problems.addUntold(suspects.others);
}

/** An offer as it is stored, once all who have it were read and no line broke a rule. */
export async function checkOffer(
  offer: FileOffer,
  catalogue: string,
  onRead: OnRead,
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
