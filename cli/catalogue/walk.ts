import type { Holders } from '../../services/marketing/catalogue/stored-offers.ts';
import type { Io } from '../io.ts';
import { createProgress, grouped } from '../produce/progress.ts';
import { holdersBytes } from './holders.ts';

/**
 * Goes through all who have offers of a catalogue, with a progress bar where files beside it are read.
 * @param what is done to them @returns what each visit did
 */
export async function walk<H extends Holders, R>(
  all: readonly H[],
  path: string,
  what: string,
  io: Io,
  visit: (one: H, onRead: (bytes: number) => void) => Promise<R>,
): Promise<R[]> {
  const total = await holdersBytes(all, path);
  const progress = total === 0 ? undefined : createProgress(io.stderr, total);
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    progress?.show(read, `${what} ${grouped(Math.round(read / 1e6))} MB`);
  };
  try {
    const visited: R[] = [];
    for (const one of all) visited.push(await visit(one, onRead));
    return visited;
  } finally {
    progress?.stop();
  }
}
