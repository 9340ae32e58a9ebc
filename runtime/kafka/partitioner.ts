const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/**
 * murmur2 of a key, as Kafka's Java client computes it.
 * @returns a signed 32-bit integer
 */
export function murmur2(key: Buffer): number {
  const whole = key.length & ~3;
  let h = SEED ^ key.length;
  for (let i = 0; i < whole; i += 4) {
    let k = Math.imul(key.readInt32LE(i), M);
    k = Math.imul(k ^ (k >>> 24), M);
    h = Math.imul(h, M) ^ k;
  }
  const rest = key.length - whole;
  if (rest > 0) {
    h = Math.imul(h ^ key.readUIntLE(whole, rest), M);
  }
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
}

/**
 * The partition that Kafka's default partitioner gives a key.
 * @param partitions how many partitions the topic has, at least 1
 */
export function partitionOf(key: Buffer | string, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}
