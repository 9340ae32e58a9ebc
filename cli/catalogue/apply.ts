import { randomBytes } from 'node:crypto';

import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import { differenceOf } from '../../services/marketing/catalogue/difference.ts';
import { currentVersion, readStoredOffers } from '../../services/marketing/catalogue/snapshot.ts';
import {
  offersIn,
  type FileOffer,
  type StoredOffer,
} from '../../services/marketing/catalogue/stored-offers.ts';
import {
  countHolders,
  dropOldVersions,
  makeCurrent,
  storeHolders,
  storeOffers,
  versionName,
} from '../../services/marketing/catalogue/versions.ts';
import { connectClickHouse } from '../connections.ts';
import { EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { createProgress, grouped } from '../produce/progress.ts';
import { FileProblems, refuse } from '../problems.ts';
import { asJson, asText, type Applied } from './difference-text.ts';
import { readCatalogueFile } from './file.ts';
import { checkOffer, holdersBytes, holdersOf } from './holders.ts';

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
      ? await store(clickhouse, { offers, stored, path: options.path, now: now() }, io)
      : current?.version;
    const done: Applied = { version, applied, changes };
    io.stdout.write(options.json ? asJson(done) : asText(done, options.dryRun === true));
    return EXIT.done;
  } finally {
    await clickhouse.close();
  }
}

type Walk = (offer: FileOffer, onRead: (bytes: number) => void) => Promise<void>;

/** Goes through all offers, with a progress bar where their files are long. */
async function walk(
  offers: readonly FileOffer[],
  path: string,
  what: string,
  io: Io,
  visit: Walk,
): Promise<void> {
  const total = await holdersBytes(offers, path);
  const progress = createProgress(io.stderr, total);
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    progress.show(read, `${what} ${grouped(Math.round(read / 1e6))} MB`);
  };
  try {
    for (const offer of offers) await visit(offer, onRead);
  } finally {
    progress.stop();
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

interface Storing {
  readonly offers: readonly FileOffer[];
  readonly stored: readonly StoredOffer[];
  readonly path: string;
  readonly now: number;
}

/** Stores everything under a new version, proves that it is whole, and only then makes it the one that counts. */
async function store(
  clickhouse: ClickHouse,
  { offers, stored, path, now }: Storing,
  io: Io,
): Promise<string> {
  const version = versionName(now, randomBytes(4).toString('hex'));
  await storeOffers(clickhouse, version, stored);
  await walk(offers, path, 'stored', io, async (offer, onRead) => {
    for await (const holders of holdersOf(offer, path, new FileProblems(''), onRead))
      await storeHolders(clickhouse, version, offer, holders);
  });
  await proveWhole(clickhouse, version, offers, stored, path);
  await makeCurrent(clickhouse, version);
  await dropOldVersions(clickhouse, now);
  return version;
}

async function proveWhole(
  clickhouse: ClickHouse,
  version: string,
  offers: readonly FileOffer[],
  stored: readonly StoredOffer[],
  path: string,
): Promise<void> {
  const counted = await countHolders(clickhouse, version);
  const problems = stored.flatMap(({ kind, app_id, id, holders: expected }, at) => {
    const found = counted.find((one) => one.kind === kind && one.app_id === app_id && one.id === id);
    const missing = expected - (found?.holders ?? 0);
    if (missing === 0) return [];
    const place = offers[at]?.holdersPath ?? '';
    return [
      missing > 0
        ? `${place} must name no buyer twice: ${grouped(missing)} lines do`
        : `${place} must not change while it is applied`,
    ];
  });
  if (problems.length > 0) refuse(path, problems);
}
