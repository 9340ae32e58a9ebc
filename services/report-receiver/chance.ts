import { createHash } from 'node:crypto';

/** A number from 0 to before 1 that `seed` and `text` tell. */
export function shareOf(seed: string, text: string): number {
  const digest = createHash('sha256').update(`${seed}\n${text}`).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}

/** Numbers from 0 to before 1, the same for the same seed. */
export function seededRandom(seed: string): () => number {
  let count = 0;
  return () => shareOf(seed, String(count++));
}
