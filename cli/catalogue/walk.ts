import type { FileOffer } from '../../services/marketing/catalogue/stored-offers.ts';
import type { Io } from '../io.ts';
import { createProgress, grouped } from '../produce/progress.ts';
import { holdersBytes } from './holders.ts';

/** Goes through all offers of a catalogue, with a progress bar where files beside it are read. @param what is done to them */
export async function walk(
  offers: readonly FileOffer[],
  path: string,
  what: string,
  io: Io,
  visit: (offer: FileOffer, onRead: (bytes: number) => void) => Promise<void>,
): Promise<void> {
  const total = await holdersBytes(offers, path);
  const progress = total === 0 ? undefined : createProgress(io.stderr, total);
  let read = 0;
  const onRead = (bytes: number): void => {
    read += bytes;
    progress?.show(read, `${what} ${grouped(Math.round(read / 1e6))} MB`);
  };
  try {
    for (const offer of offers) await visit(offer, onRead);
  } finally {
    progress?.stop();
  }
}
