import { readFileSync } from 'node:fs';
import type { Type } from 'avsc';
import { avroType } from './avro-types.ts';

/** A schema that values are written with. */
export interface WriterSchema {
  /** The number in the values' frame. */
  readonly id: number;
  /** The schema as released. */
  readonly text: string;
  readonly type: Type;
}

/** A released version of the event's schema; its `id` is made from the schema itself. */
export interface Version extends WriterSchema {
  readonly version: number;
}

/** The text of a file beside this one. */
export function schemaFile(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8');
}

/** The first 31 bits of the SHA-256 of the schema's Parsing Canonical Form: equal wherever it is computed. */
export function fingerprintId(type: Type): number {
  return type.fingerprint('sha256').readUInt32BE(0) & 0x7fff_ffff;
}

/** The `version`th schema of an event. */
export function versionOf(version: number, text: string): Version {
  const type = avroType(text);
  return { version, id: fingerprintId(type), text, type };
}

/** Frozen. */
export const V1 = versionOf(1, schemaFile('./v1.avsc'));

/** All released versions, oldest first. */
export const WRITER_SCHEMAS: readonly Version[] = [V1];

/** The version that events are written with, and the one that whole events are read as. */
export const LATEST = V1;

/** Whether values of this type lie in v1's order, field by field. */
export const hasLayoutOfV1 = (type: Type): boolean => type.equals(V1.type);
