import { once } from 'node:events';
import { createWriteStream, realpathSync } from 'node:fs';

import type { Reject } from '../../producers/file/input-line.ts';
import { CommandError, EXIT } from '../failure.ts';

/** Where refused lines are kept: NDJSON, `{line, input, violations}`. */
export interface RejectsFile {
  /** Resolves when there is room for more. */
  write(reject: Reject): Promise<void>;
  /** Resolves when all is written. */
  close(): Promise<void>;
}

/**
 * Begins the file anew.
 * @throws {CommandError} if it can't be written, or is the file that is read
 */
export async function openRejects(path: string, source: string): Promise<RejectsFile> {
  if (isSameFile(path, source)) {
    throw new CommandError(`--rejects ${path} is the file that is read: name another one.`, EXIT.wrongUse);
  }
  const stream = createWriteStream(path);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new CommandError(
      `can't write --rejects ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return {
    async write({ line, input, violations }) {
      if (!stream.write(`${JSON.stringify({ line, input, violations })}\n`)) await once(stream, 'drain');
    },
    async close() {
      stream.end();
      await once(stream, 'finish');
    },
  };
}

function isSameFile(path: string, source: string): boolean {
  try {
    return realpathSync(path) === realpathSync(source);
  } catch {
    return false;
  }
}
