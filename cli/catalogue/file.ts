import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';

import { parseCatalogue, type CatalogueFile } from '../../schemas/catalogue/catalogue-file.ts';
import { refuse } from '../problems.ts';
import { unreadable } from '../ndjson.ts';

/**
 * Reads a catalogue, YAML or JSON (which YAML contains).
 * @throws {CommandError} naming every broken rule and its place
 */
export async function readCatalogueFile(path: string): Promise<CatalogueFile> {
  const document = parseDocument(await textOf(path), { prettyErrors: true });
  refuse(
    path,
    document.errors.map(({ message }) => message.split('\n')[0] ?? message),
  );
  const parsed = parseCatalogue(document.toJS());
  if (parsed.ok) return parsed.catalogue;
  refuse(
    path,
    parsed.problems.map(({ path: at, message }) => `${at} ${message}`.trim()),
  );
  throw new Error('a catalogue that is not accepted has a problem');
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}
