import type { Type } from 'avsc';
import type { CouponOrderEvent } from './event.ts';
import { FOLDED_TYPE, hasSoundNumbers, hasSoundText, type FoldedValue } from './folded.ts';
import { foldedV1 } from './folded-v1.ts';
import { hasLayoutOfV1, LATEST } from './versions.ts';

/**
 * Why a value can't be read:
 * - `unknown_schema`: its writer's schema is not loaded;
 * - `incompatible_schema`: the writer's schema does not hold what the reader needs;
 * - `malformed`: the bytes are no value of the schema that ends exactly at the value's end;
 * - `damaged_text`: a string is not UTF-8.
 */
export type Undecodable = 'unknown_schema' | 'incompatible_schema' | 'malformed' | 'damaged_text';

export type Decoded<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: Undecodable };

/** Reads the value whose body begins at `offset`. It never throws, whatever the bytes. */
export type Decoder<T> = (value: Buffer, offset: number) => Decoded<T>;

const MALFORMED = { ok: false, reason: 'malformed' } as const;
const DAMAGED = { ok: false, reason: 'damaged_text' } as const;
const INCOMPATIBLE = { ok: false, reason: 'incompatible_schema' } as const;

/** A decoder of what the fold reads, from values of the schema `writer`. */
export function foldedDecoder(writer: Type): Decoder<FoldedValue> {
  return decoder(hasLayoutOfV1(writer) ? foldedV1() : readerOf<FoldedValue>(writer, FOLDED_TYPE), (value) => {
    if (!hasSoundNumbers(value)) return MALFORMED;
    return hasSoundText(value) ? undefined : DAMAGED;
  });
}

/** A decoder of whole events, in the newest version's form, from values of the schema `writer`. */
export function eventDecoder(writer: Type): Decoder<CouponOrderEvent> {
  return decoder(readerOf<CouponOrderEvent>(writer, LATEST.type), (event) => {
    if (!hasSoundNumbers(event)) return MALFORMED;
    return isSoundText(event) ? undefined : DAMAGED;
  });
}

function isSoundText(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\ufffd');
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return true;
  return Object.values(value).every(isSoundText);
}

/** Reads the body that begins at `offset` and ends where `value` does; throws if it can't. */
type Reader<T> = (value: Buffer, offset: number) => T;

function decoder<T>(read: Reader<T> | undefined, refusal: (value: T) => Decoded<T> | undefined): Decoder<T> {
  if (read === undefined) return () => INCOMPATIBLE;
  return (buffer, offset) => {
    try {
      const value = read(buffer, offset);
      return refusal(value) ?? { ok: true, value };
    } catch {
      return MALFORMED;
    }
  };
}

/** The reader that avsc makes of two schemas; undefined if one can't be read as the other. */
function readerOf<T>(writer: Type, reader: Type): Reader<T> | undefined {
  const resolver = resolverOf(writer, reader);
  if (resolver === undefined) return undefined;
  return (buffer, offset) => {
    const decoded: { value: unknown; offset: number } = reader.decode(buffer, offset, resolver);
    if (decoded.offset !== buffer.length) throw new RangeError('the value does not end with its bytes');
    return decoded.value as T;
  };
}

function resolverOf(writer: Type, reader: Type) {
  try {
    return reader.createResolver(writer);
  } catch {
    return undefined;
  }
}
