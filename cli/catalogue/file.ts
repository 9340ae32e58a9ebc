import { readFile } from 'node:fs/promises';

import { parseCatalogue, type HoldersFile } from '../../schemas/catalogue/catalogue-file.ts';
import { offersIn, type FileOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import { refusal } from '../problems.ts';
import { UnreadableError } from '../ndjson.ts';
import { readYaml } from './yaml.ts';

export type ReadCatalogue =
  | { readonly ok: true; readonly offers: readonly FileOffer[] }
  | {
      readonly ok: false;
      /** Every broken rule, with its place. */
      readonly problems: readonly string[];
      /** The files that it names all the same. */
      readonly files: readonly HoldersFile[];
    };

/**
 * Reads a catalogue, YAML or JSON (which YAML contains).
 * @throws {CommandError} if it can't be read, or naming each problem with its YAML, without which nothing can be told of rules
 */
export async function readCatalogueFile(path: string): Promise<ReadCatalogue> {
  const yaml = readYaml(await textOf(path));
  if (!yaml.ok) throw refusal(path, yaml.problems);
  const parsed = parseCatalogue(yaml.value);
  if (parsed.ok) return { ok: true, offers: offersIn(parsed.catalogue) };
  const problems = parsed.problems.map(({ path: at, message }) => `${at} ${message}`.trim());
  return { ok: false, problems, files: parsed.files };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UnreadableError(path, error);
  }
}
