import { ClickHouseError } from '../runtime/clickhouse/errors.ts';
import { SettingsError } from '../runtime/process/settings.ts';

/** Exit codes of every command. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2 } as const;

/** A failure that is already told in one sentence that says what to do; `exitCode` 2 for wrong use. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface Failure {
  /** For a person: what is wrong, and what to do. */
  readonly message: string;
  readonly exitCode: number;
}

type Env = Readonly<Record<string, string | undefined>>;

const isNamed = (error: unknown, ...names: string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/** What to tell of an error that ended a command. */
export function failureOf(error: unknown, env: Env): Failure {
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof SettingsError) return { message: brokenSettings(error), exitCode: EXIT.wrongUse };
  return { message: sentenceOf(error, env), exitCode: EXIT.failed };
}

function brokenSettings(error: SettingsError): string {
  return `a setting is wrong:\n  ${error.message.replaceAll('\n', '\n  ')}\nkaquan config lists each setting with its rule.`;
}

/** One sentence for what is most often away: Kafka, ClickHouse, its tables; else the error's own words. */
export function sentenceOf(error: unknown, env: Env): string {
  const chain = causesOf(error);
  if (chain.some(isKafkaAway)) {
    const brokers = env['KAFKA_BROKERS'] || '127.0.0.1:9092';
    return `Kafka does not answer at ${brokers} (KAFKA_BROKERS). Start it with kaquan stack, or point KAFKA_BROKERS at yours.`;
  }
  if (chain.some((cause) => isNamed(cause, 'TransportError'))) {
    const url = env['CLICKHOUSE_URL'] || 'http://127.0.0.1:8123';
    return `ClickHouse does not answer at ${url} (CLICKHOUSE_URL). Start it with kaquan stack, or point CLICKHOUSE_URL at yours.`;
  }
  if (chain.some(isUnmade)) return 'The tables are not there yet: run kaquan migrate.';
  return error instanceof Error ? error.message : String(error);
}

/** Whether there are no tables yet: UNKNOWN_TABLE, UNKNOWN_DATABASE. */
export const isUnmade = (error: unknown): boolean =>
  error instanceof ClickHouseError && (error.code === 60 || error.code === 81);

const isKafkaAway = (error: unknown): boolean =>
  isNamed(error, 'KafkaJSConnectionError', 'KafkaJSBrokerNotFound', 'KafkaJSRequestTimeoutError');

/** The error and what caused it, the outermost first. */
function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let cause = error; cause instanceof Error && !chain.includes(cause); cause = cause.cause)
    chain.push(cause);
  return chain;
}
