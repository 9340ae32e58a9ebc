import kafkajs, { type LogEntry } from 'kafkajs';

/** What a failure of Kafka or on the way to it says, in a sentence; undefined: the error is of something else. */
export function kafkaTrouble(error: unknown): string | undefined {
  if (!(error instanceof kafkajs.KafkaJSError)) return undefined;
  const isRefusal = error instanceof kafkajs.KafkaJSProtocolError;
  return `Kafka ${isRefusal ? 'refuses' : 'does not answer'}: ${plain(error.message)}`;
}

// What kafkajs logs again and again while a broker is away or a group rebalances. It mends itself, and the waits say it once.
const REPEATED =
  /^(Crash: |Restarting the consumer|Failed to (connect|send)|The group is rebalancing|The coordinator is not aware)/;

/** Sorts what kafkajs logs as a warning or an error. */
export interface LoggedTrouble {
  /** Whether the waits of a process say it better. */
  readonly isRepeated: boolean;
  /** Why a broker can't be reached, if it says so. */
  readonly away: string | undefined;
  /** Whether a member begins to join its group again. */
  readonly isRejoining: boolean;
}

export function loggedTrouble({ namespace, log: { message } }: LogEntry): LoggedTrouble {
  return {
    isRepeated: namespace === 'Connection' || namespace === 'BrokerPool' || REPEATED.test(message),
    away: /^Connection (error|timeout)/.test(message) ? plain(message) : undefined,
    isRejoining: message.includes('re-joining'),
  };
}

/** "Connection error: connect ECONNREFUSED 127.0.0.1:9092" → "connect ECONNREFUSED 127.0.0.1:9092" */
const plain = (message: string): string => message.replace(/^(Connection error|Error): /, '');
