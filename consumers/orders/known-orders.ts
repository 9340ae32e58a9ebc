import { murmur2 } from '../../runtime/kafka/partitioner.ts';
import type { ClickHouse } from '../../runtime/clickhouse/client.ts';

const BITS_PER_ORDER = 16;
const FEWEST_BITS = 1 << 20;
// ClickHouse's kafkaMurmurHash is Kafka's "positive" hash: it lacks the sign.
const HASH_BITS = 31;
const MOST_BITS = 2 ** HASH_BITS;
// Beyond it the hashes of all orders would take longer to fetch than they save.
const MOST_ORDERS = 50_000_000;
const FETCH_MS = 600_000;

/**
 * Which orders may have a stored state: an order that is not known here has none, and needs no look-up. It holds at an
 * assignment's beginning and for what this assignment folds: what other writers store later holds no event before the
 * commit that we begin at, and we fold all that come after it ourselves.
 */
export class KnownOrders {
  readonly #bits: Uint8Array;
  readonly #shift: number;

  /** @param orders about how many there are */
  constructor(orders: number) {
    const wanted = Math.min(MOST_BITS, Math.max(FEWEST_BITS, orders * BITS_PER_ORDER));
    const exponent = Math.ceil(Math.log2(wanted));
    this.#bits = new Uint8Array(2 ** (exponent - 3));
    this.#shift = HASH_BITS - exponent;
  }

  /** @param key the record's key, `app_id:order_id` */
  mayHave(key: Buffer): boolean {
    return this.#has(hashOf(key));
  }

  /** The order with this key may have a state. */
  add(key: Buffer): void {
    this.addHash(hashOf(key));
  }

  /** @param hash ClickHouse's kafkaMurmurHash of the key */
  addHash(hash: number): void {
    const bit = hash >>> this.#shift;
    const byte = bit >>> 3;
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (bit & 7));
  }

  /** Every order may have a state. */
  addAll(): void {
    this.#bits.fill(255);
  }

  #has(hash: number): boolean {
    const bit = hash >>> this.#shift;
    return ((this.#bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
  }
}

const hashOf = (key: Buffer): number => murmur2(key) & 0x7fff_ffff;

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
  const hashes = await clickhouse.queryBuffer(
    "SELECT kafkaMurmurHash(concat(app_id, ':', order_id)) FROM kaquan_store.states FORMAT RowBinary",
    options,
  );
  for (let at = 0; at < hashes.length; at += 4) known.addHash(hashes.readUInt32LE(at));
  return known;
}
