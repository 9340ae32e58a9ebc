import { crc32 } from 'node:zlib';

import { murmur2 } from '../../runtime/kafka/partitioner.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

// With two bits for each, one new order in 300 is looked up for nothing; a batch needs a look-up as soon as it has one such.
const BITS_PER_ORDER = 32;
// 16 MiB: room for the millions of orders that may come during an assignment.
const LEAST_EXPONENT = 27;
const MOST_EXPONENT = 31;
// Beyond it the hashes of all orders would take longer to fetch than they save.
const MOST_ORDERS = 50_000_000;
const ORDERS_PER_QUERY = 10_000_000;
const FETCH_MS = 600_000;

/**
 * Which orders may have a stored state: an order that is not known here has none, and needs no look-up. It holds at an
 * assignment's beginning and for what this assignment folds: what other writers store later holds no event before the
 * commit that we begin at, and we fold all that come after it ourselves. A Bloom filter of two hashes that ClickHouse
 * computes as well.
 */
export class KnownOrders {
  readonly #bits: Uint8Array;
  readonly #exponent: number;

  /**
   * @param orders about how many there are
   * @param leastExponent of the number of bits, whatever `orders` is
   */
  constructor(orders: number, leastExponent = LEAST_EXPONENT) {
    const wanted = Math.ceil(Math.log2(Math.max(1, orders * BITS_PER_ORDER)));
    this.#exponent = Math.min(MOST_EXPONENT, Math.max(leastExponent, wanted));
    this.#bits = new Uint8Array(2 ** (this.#exponent - 3));
  }

  /** @param key the record's key, `app_id:order_id` */
  mayHave(key: Buffer): boolean {
    return this.#has(this.#bitOfMurmur(murmur2(key))) && this.#has(this.#bitOfCrc(crc32(key)));
  }

  /** The order with this key may have a state. */
  add(key: Buffer): void {
    this.addHashes(murmur2(key), crc32(key));
  }

  /** @param murmur ClickHouse's kafkaMurmurHash of the key @param crc its CRC32 */
  addHashes(murmur: number, crc: number): void {
    this.#set(this.#bitOfMurmur(murmur));
    this.#set(this.#bitOfCrc(crc));
  }

  /** Every order may have a state. */
  addAll(): void {
    this.#bits.fill(255);
  }

  // ClickHouse's kafkaMurmurHash is Kafka's "positive" hash: it lacks the sign.
  #bitOfMurmur(hash: number): number {
    return (hash & 0x7fff_ffff) >>> (31 - this.#exponent);
  }

  #bitOfCrc(hash: number): number {
    return hash >>> (32 - this.#exponent);
  }

  #has(bit: number): boolean {
    return ((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }

  #set(bit: number): void {
    const byte = bit >>> 3;
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (bit & 7));
  }
}

/** All orders that have a stored state now. Takes seconds for millions; heartbeats must not wait for it. */
export async function knownOrders(clickhouse: ClickHouse, signal: AbortSignal): Promise<KnownOrders> {
  const options = { timeoutMs: FETCH_MS, signal, settings: { max_execution_time: FETCH_MS / 1000 } };
  const [counted] = await clickhouse.query<{ rows: string }>(
    'SELECT count() AS rows FROM kaquan_store.states',
    options,
  );
  const rows = Number(counted?.rows ?? 0);
  const known = new KnownOrders(rows > MOST_ORDERS ? 0 : rows);
  if (rows > MOST_ORDERS) {
    known.addAll();
    return known;
  }
  const slices = Math.ceil(rows / ORDERS_PER_QUERY);
  for (let slice = 0; slice < slices; slice++) {
    const hashes = await clickhouse.queryBuffer(
      "WITH concat(app_id, ':', order_id) AS key SELECT kafkaMurmurHash(key) AS murmur, CRC32(key) " +
        `FROM kaquan_store.states WHERE murmur % ${slices} = ${slice} FORMAT RowBinary`,
      options,
    );
    for (let at = 0; at < hashes.length; at += 8) {
      known.addHashes(hashes.readUInt32LE(at), hashes.readUInt32LE(at + 4));
    }
  }
  return known;
}
