import { stringify } from 'yaml';

import {
  currentVersion,
  readStoredOffers,
  type AppliedVersion,
} from '../../services/marketing/catalogue/snapshot.ts';
import type { OfferKind, StoredOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import { connectClickHouse } from '../connections.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';

const SECTION: Readonly<Record<OfferKind, string>> = {
  coupon_batch: 'coupon_batches',
  activity: 'activities',
  membership: 'memberships',
  score: 'scores',
};

/** `kaquan catalogue show`: the catalogue that counts, as YAML in its file's shape, with numbers in the place of long lists. */
export async function catalogueShow({ json }: { readonly json?: true }, io: Io): Promise<number> {
  const clickhouse = connectClickHouse(io.env);
  try {
    const current = await currentVersion(clickhouse);
    const offers = current === undefined ? [] : await readStoredOffers(clickhouse, current.version);
    io.stdout.write(json ? asJson(current, offers) : asYaml(current, offers));
    return EXIT.done;
  } finally {
    await clickhouse.close();
  }
}

const asJson = (current: AppliedVersion | undefined, offers: readonly StoredOffer[]): string =>
  `${JSON.stringify({ version: null, applied_at: null, ...current, ...sectionsOf(offers) }, null, 2)}\n`;

const asYaml = (current: AppliedVersion | undefined, offers: readonly StoredOffer[]): string =>
  current === undefined
    ? '# no catalogue was applied yet: kaquan catalogue apply FILE\n'
    : `# version ${current.version}, applied at ${current.applied_at} UTC\n${stringify(sectionsOf(offers))}`;

function sectionsOf(offers: readonly StoredOffer[]): Record<string, unknown[]> {
  const sections = Object.fromEntries(Object.values(SECTION).map((name): [string, unknown[]] => [name, []]));
  for (const offer of offers) sections[SECTION[offer.kind]]?.push(entryOf(offer));
  return sections;
}

function entryOf({ kind, offer, holders }: StoredOffer): Record<string, unknown> {
  const entry = JSON.parse(offer) as Record<string, unknown>;
  if (kind === 'membership') return { ...entry, members: `${holders} members` };
  return kind === 'score' ? { ...entry, balances: `${holders} balances` } : entry;
}
