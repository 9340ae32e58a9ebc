import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One text of the compiled program, and what stands in its place. */
export interface Edit {
  /** Below `dist`. */
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

/** A build of kaquan that does something else than this one. */
export interface MutatedBuild {
  /** Its command. */
  readonly main: string;
  remove(): void;
}

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Copies `dist` and changes it.
 * @throws {Error} unless each text is there exactly once: an edit that fits no longer must not pass for one that was tried
 */
export function mutatedBuild(edits: readonly Edit[]): MutatedBuild {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-mutated-'));
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    cpSync(join(REPOSITORY, 'dist'), join(folder, 'dist'), { recursive: true });
    cpSync(join(REPOSITORY, 'package.json'), join(folder, 'package.json'));
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    for (const edit of edits) apply(edit, folder);
  } catch (error) {
    remove();
    throw error;
  }
  return { main: join(folder, 'dist/cli/main.js'), remove };
}

function apply({ file, text, by }: Edit, folder: string): void {
  const path = join(folder, 'dist', file);
  const pieces = readFileSync(path, 'utf8').split(text);
  if (pieces.length !== 2)
    throw new Error(
      `dist/${file} has ${pieces.length - 1} of what is to be replaced, not one: rewrite this edit for the code as it is now.\n${text}`,
    );
  writeFileSync(path, pieces.join(by));
}
