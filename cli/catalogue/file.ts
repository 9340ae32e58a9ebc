import { readFile } from 'node:fs/promises';

import { parseCatalogue, type CatalogueFile } from '../../schemas/catalogue/catalogue-file.ts';
import { refusal } from '../problems.ts';
import { unreadable } from '../ndjson.ts';
import { readYaml } from './yaml.ts';

/**
 * Reads a catalogue, YAML or JSON (which YAML contains).
 * @throws {CommandError} naming every broken rule and its place
 */
export async function readCatalogueFile(path: string): Promise<CatalogueFile> {
  const yaml = readYaml(await textOf(path));
  if (!yaml.ok) throw refusal(path, yaml.problems);
  const parsed = parseCatalogue(yaml.value);
  if (parsed.ok) return parsed.catalogue;
  throw refusal(
    path,
    parsed.problems.map(({ path: at, message }) => `${at} ${message}`.trim()),
  );
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}
