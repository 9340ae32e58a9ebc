import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { statementsOf } from './statements.ts';

export interface Migration {
  readonly version: number;
  /** The file's name, such as `0001_store.sql`. */
  readonly name: string;
  /** SHA-256 of the file, hex. */
  readonly checksum: string;
  readonly statements: readonly string[];
}

const MIGRATION_NAME = /^(\d{4})_[a-z0-9_]+\.sql$/;

/**
 * The migrations of a folder, by number.
 * @throws when a file is not named like `0002_what.sql`, or when two have one number or a number is missing.
 */
export async function migrationsIn(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).sort();
  const migrations = await Promise.all(names.map((name) => migrationOf(folder, name)));
  for (const [index, { version, name }] of migrations.entries()) {
    if (version !== index + 1)
      throw new Error(`${name}: migrations are numbered without gaps; expected ${index + 1}`);
  }
  return migrations;
}

async function migrationOf(folder: URL, name: string): Promise<Migration> {
  const version = Number(MIGRATION_NAME.exec(name)?.[1]);
  if (Number.isNaN(version)) throw new Error(`${name}: a migration is named like 0002_what.sql`);
  const text = await readFile(new URL(name, folder), 'utf8');
  return { version, name, checksum: sha256(text), statements: statementsOf(text) };
}

/** The statements of an SQL file; `{name}` is replaced by the value of that name. */
export async function statementsIn(
  file: URL,
  values: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  return statementsOf(text.replaceAll(/\{([a-z_]+)\}/g, (whole, name: string) => values[name] ?? whole));
}

/** The SQL files of a folder, by name. */
export async function sqlFilesIn(folder: URL): Promise<URL[]> {
  return (await readdir(folder))
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => new URL(name, folder));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
