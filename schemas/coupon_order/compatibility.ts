import { avroType } from './avro-types.ts';
import { LATEST } from './versions.ts';

/** Whether values of the schema with this text can be read as the newest version of the event, and the other way round. */
export function isCompatible(text: string): boolean {
  try {
    const other = avroType(text);
    LATEST.type.createResolver(other);
    other.createResolver(LATEST.type);
    return true;
  } catch {
    return false;
  }
}
