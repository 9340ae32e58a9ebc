import { createHash } from 'node:crypto';
import { avroType } from '../../../schemas/coupon_order/avro-types.ts';
import { fingerprintId, LATEST } from '../../../schemas/index.ts';
import type { CouponOrderEvent } from '../../../schemas/index.ts';

/** Texts of Avro schemas, by file name. */
export type SchemaTexts = Readonly<Record<string, string>>;

/**
 * Says which of `schemas` can't read what another of them wrote: each reads `events` as each other wrote them, both
 * ways.
 * @returns one sentence per pair that fails; none if all are compatible.
 */
export function incompatibilities(schemas: SchemaTexts, events: readonly CouponOrderEvent[]): string[] {
  const types = Object.entries(schemas).map(([name, text]) => ({ name, type: avroType(text) }));
  return types.flatMap((writer) =>
    types.flatMap((reader) => {
      const problem = reader === writer ? undefined : unreadable(writer.type, reader.type, events);
      return problem === undefined ? [] : [`${reader.name} can't read ${writer.name}: ${problem}`];
    }),
  );
}

type AvroType = ReturnType<typeof avroType>;

function unreadable(
  writer: AvroType,
  reader: AvroType,
  events: readonly CouponOrderEvent[],
): string | undefined {
  try {
    const resolver = reader.createResolver(writer);
    for (const value of valuesOf(writer, events)) reader.fromBuffer(value, resolver);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** The events as `writer` writes them; none if it can't even read what the newest version writes. */
function valuesOf(writer: AvroType, events: readonly CouponOrderEvent[]): Buffer[] {
  try {
    const resolver = writer.createResolver(LATEST.type);
    return events.map((event) => writer.toBuffer(writer.fromBuffer(LATEST.type.toBuffer(event), resolver)));
  } catch {
    return [];
  }
}

/** Names the schemas that have one id, and so can't be told apart by a value's frame. */
export function sameIds(schemas: SchemaTexts): string[] {
  const ids = Object.entries(schemas).map(([name, text]) => [name, fingerprintId(avroType(text))] as const);
  return ids
    .filter(([name, id]) => ids.some(([other, same]) => other !== name && same === id))
    .map(([name]) => name);
}

/**
 * Says which released schemas were touched: `frozen` holds the SHA-256 of each by file name.
 * @returns one sentence per file that was changed, removed, or never recorded.
 */
export function thawed(schemas: SchemaTexts, frozen: Readonly<Record<string, string>>): string[] {
  const names = [...new Set([...Object.keys(schemas), ...Object.keys(frozen)])];
  return names.flatMap((name) => {
    const text = schemas[name];
    const sum = text === undefined ? 'removed' : createHash('sha256').update(text).digest('hex');
    return sum === frozen[name]
      ? []
      : [`${name} is not as recorded in frozen.json: the next version is a new file`];
  });
}
