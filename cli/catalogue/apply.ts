import { differenceOf } from '../../services/marketing/catalogue/difference.ts';
import { currentVersion, readStoredOffers } from '../../services/marketing/catalogue/snapshot.ts';
import type { FileOffer, StoredOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import { connectClickHouse } from '../connections.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { refusal, refuse } from '../problems.ts';
import { checkHolders, checkOffer } from './checking.ts';
import { asJson, asText, type Applied } from './difference-text.ts';
import { readCatalogueFile } from './file.ts';
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
  const { offers, stored } = await readChecked(options.path, io);
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

interface Checked {
  readonly offers: readonly FileOffer[];
  /** The same ones as they are stored. */
  readonly stored: readonly StoredOffer[];
}

async function readChecked(path: string, io: Io): Promise<Checked> {
  const read = await readCatalogueFile(path);
  if (!read.ok) {
    const checked = await walk(read.files, path, 'checked', io, (file, onRead) =>
      checkHolders(file, path, onRead),
    );
    throw refusal(path, [...read.problems, ...checked.flatMap(({ problems }) => problems)]);
  }
  const checked = await walk(read.offers, path, 'checked', io, (offer, onRead) =>
    checkOffer(offer, path, onRead),
  );
  refuse(
    path,
    checked.flatMap(({ problems }) => problems),
  );
  return { offers: read.offers, stored: checked.map(({ stored }) => stored) };
}
