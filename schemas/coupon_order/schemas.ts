import { LRUCache } from 'lru-cache';
import { avroType } from './avro-types.ts';
import { eventDecoder, foldedDecoder, type Decoded, type Decoder } from './decoding.ts';
import type { CouponOrderEvent } from './event.ts';
import type { FoldedValue } from './folded.ts';
import { registryClient, valueSubject, type Fetch } from './registry.ts';
import { FRAME_BYTES } from './codec.ts';
import { hasLayoutOfV1, LATEST, versionOf, WRITER_SCHEMAS, type WriterSchema } from './versions.ts';

export interface SchemasOptions {
  /** A schema registry's URL; undefined: only schemas made here are known. */
  readonly registryUrl?: string | undefined;
  readonly fetch?: Fetch;
  /** How long one request to the registry may take, ms; default 5,000. */
  readonly timeoutMs?: number;
  /** Texts of versions beyond the released ones; known by the ids that are made from them. */
  readonly extraVersions?: readonly string[];
}

/** The schemas that values are written with, by id. */
export interface Schemas {
  /**
   * The schema of this id, loaded and kept; undefined if nobody knows it.
   * @throws {RegistryError} if the registry can't be asked: the caller waits and tries again.
   */
  writer(id: number): Promise<WriterSchema | undefined>;
  /** The schema of this id if it is loaded. */
  loaded(id: number): LoadedSchema | undefined;
  /** The id to frame new events of `topic` with: the registry's, or the one made from the schema. */
  encodingId(topic: string): Promise<number>;
  /** Reads what the fold needs of a value whose writer's schema is loaded; its body begins at `offset`, default 5. */
  decodeFolded(id: number, value: Buffer, offset?: number): Decoded<FoldedValue>;
  /** Reads a whole event, in the newest version's form, of a value whose writer's schema is loaded. */
  decodeEvent(id: number, value: Buffer, offset?: number): Decoded<CouponOrderEvent>;
}

export interface LoadedSchema extends WriterSchema {
  /** Whether its values lie in v1's order, field by field. */
  readonly isV1: boolean;
}

interface Loaded extends LoadedSchema {
  readonly folded: Decoder<FoldedValue>;
  readonly event: Decoder<CouponOrderEvent>;
}

const UNKNOWN = { ok: false, reason: 'unknown_schema' } as const;
/** A registry may learn an id that it did not know: it is asked again after this time. */
const UNKNOWN_MS = 30_000;

/** The released versions, those of `extraVersions`, and those of the registry. */
export function createSchemas(options: SchemasOptions = {}): Schemas {
  const { registryUrl, extraVersions = [], ...client } = options;
  const registry = registryUrl === undefined ? undefined : registryClient({ url: registryUrl, ...client });
  const loaded = new Map<number, Loaded>();
  const asked = new Map<number, Promise<Loaded | undefined>>();
  const unknown = new LRUCache<number, true>({ max: 1000, ttl: UNKNOWN_MS });
  const own = extraVersions.map((text, index) => versionOf(WRITER_SCHEMAS.length + index + 1, text));
  for (const version of [...WRITER_SCHEMAS, ...own]) loaded.set(version.id, withDecoders(version));

  const load = async (id: number): Promise<Loaded | undefined> => {
    const text = await registry?.schema(id);
    const writer = text === undefined ? undefined : parsedWriter(id, text);
    if (writer === undefined) unknown.set(id, true);
    else loaded.set(id, writer);
    return writer;
  };
  const ask = (id: number): Promise<Loaded | undefined> => {
    const answer = load(id).finally(() => asked.delete(id));
    asked.set(id, answer);
    return answer;
  };
  return {
    writer: async (id) => loaded.get(id) ?? (unknown.has(id) ? undefined : (asked.get(id) ?? ask(id))),
    loaded: (id) => loaded.get(id),
    encodingId: async (topic) => registry?.register(valueSubject(topic), LATEST.text) ?? LATEST.id,
    decodeFolded: (id, value, offset = FRAME_BYTES) => loaded.get(id)?.folded(value, offset) ?? UNKNOWN,
    decodeEvent: (id, value, offset = FRAME_BYTES) => loaded.get(id)?.event(value, offset) ?? UNKNOWN,
  };
}

function withDecoders({ id, text, type }: WriterSchema): Loaded {
  return {
    id,
    text,
    type,
    isV1: hasLayoutOfV1(type),
    folded: foldedDecoder(type),
    event: eventDecoder(type),
  };
}

/** A registry may hold what is no schema to us: its values can't be read, and asking again would not help. */
function parsedWriter(id: number, text: string): Loaded | undefined {
  try {
    return withDecoders({ id, text, type: avroType(text) });
  } catch {
    return undefined;
  }
}
