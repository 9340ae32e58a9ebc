import { ClickHouseError, TransportError } from '../clickhouse/errors.ts';
import { kafkaTrouble } from '../kafka/trouble.ts';

/** Who is away or refuses, and what he says. */
export interface Blame {
  readonly on: string;
  readonly sentence: string;
}

/** Whose fault it is that a call failed, in plain words. @param of what the call was made of, if the error does not tell */
export function blame(error: unknown, of: string): Blame {
  if (error instanceof ClickHouseError)
    return { on: 'ClickHouse', sentence: error.message.replace('refused', 'refuses') };
  if (error instanceof TransportError)
    return { on: 'ClickHouse', sentence: `ClickHouse does not answer: ${error.message}` };
  const trouble = kafkaTrouble(error);
  if (trouble !== undefined) return { on: 'Kafka', sentence: trouble };
  return { on: of, sentence: error instanceof Error ? error.message : String(error) };
}
