import { z } from 'zod';

/**
 * How far a partition was handled beyond its commit, kept with the commit. Events of each app lie in log order, and so are
 * they sent: those of an app that lie below its mark were accepted, unless the ledger says otherwise.
 */
export interface Note {
  /** By WeChat app_id, the offset after the last that was accepted. */
  readonly apps: ReadonlyMap<string, number>;
}

// Kafka refuses a longer text (offset.metadata.max.bytes is 4,096 unless told).
const MOST_BYTES = 3500;

const noteText = z.object({ sent: z.record(z.string(), z.int().nonnegative()) });

/** @returns the text to keep; undefined: there is nothing to keep; null: it is too long to be kept */
export function writeNote({ apps }: Note): string | undefined | null {
  if (apps.size === 0) return undefined;
  const text = JSON.stringify({ sent: Object.fromEntries(apps) });
  return Buffer.byteLength(text) > MOST_BYTES ? null : text;
}

/** Reads a note; one that another program left says nothing. */
export function readNote(text: string | undefined): Note {
  const parsed = text === undefined ? undefined : noteText.safeParse(jsonOf(text));
  return { apps: new Map(Object.entries(parsed?.data?.sent ?? {})) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
