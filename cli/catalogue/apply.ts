import { differenceOf } from '../../services/marketing/catalogue/difference.ts';
import { currentVersion, readStoredOffers } from '../../services/marketing/catalogue/snapshot.ts';
import {
  offersIn,
  type FileOffer,
  type StoredOffer,
} from '../../services/marketing/catalogue/stored-offers.ts';
import { connectClickHouse } from '../connections.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { refuse } from '../problems.ts';
import { asJson, asText, type Applied } from './difference-text.ts';
import { readCatalogueFile } from './file.ts';
import { checkOffer } from './holders.ts';
import { storeCatalogue } from './storing.ts';
import { walk } from './walk.ts';

export interface ApplyOptions {
  readonly path: string;
  readonly dryRun?: true;
  readonly json?: true;
}

/**
 * `kaquan catalogue apply`: makes a file the catalogue, all of it or nothing.
 * @param now ms since 1970
 * @throws {CommandError} naming every broken rule and its place; then nothing has changed
 */
export async function catalogueApply(options: ApplyOptions, io: Io, now = Date.now): Promise<number> {
  const offers = offersIn(await readCatalogueFile(options.path));
  const stored = await checkAll(offers, options.path, io);
  const clickhouse = connectClickHouse(io.env);
  try {
    const current = await currentVersion(clickhouse);
    const before = current === undefined ? [] : await readStoredOffers(clickhouse, current.version);
    const changes = differenceOf(before, stored);
    const applied = changes.length > 0 && options.dryRun !== true;
    const version = applied
      ? await storeCatalogue(clickhouse, { offers, stored, path: options.path, now: now() }, io)
      : current?.version;
    const done: Applied = { version, applied, changes };
    io.stdout.write(options.json ? asJson(done) : asText(done, options.dryRun === true));
    return EXIT.done;
  } finally {
    await clickhouse.close();
  }
}

async function checkAll(offers: readonly FileOffer[], path: string, io: Io): Promise<StoredOffer[]> {
  const checked: StoredOffer[] = [];
  const problems: string[] = [];
  await walk(offers, path, 'checked', io, async (offer, onRead) => {
    const { stored, problems: found } = await checkOffer(offer, path, onRead);
    checked.push(stored);
    problems.push(...found);
  });
  refuse(path, problems);
  return checked;
}
