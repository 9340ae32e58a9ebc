import { hostPort } from '../../runtime/http/address.ts';
import { integer, text } from '../../runtime/process/settings.ts';

/** Settings of the report receiver. */
export const receiverSettings = {
  RECEIVER_LISTEN: {
    default: '127.0.0.1:8090',
    schema: hostPort,
    help: 'Where the report receiver listens, HOST:PORT; port 0 takes a free one.',
  },
  RECEIVER_CREDENTIALS: {
    schema: text,
    help:
      'A JSON file of the apps that may report, {"<WeChat app_id>" or "*": {"app_id", "app_secret" or "app_secret_file"}}; ' +
      'unset, /api/report takes any app and /api/v1/safe-report none.',
  },
  RECEIVER_SKEW_S: {
    default: '300',
    schema: integer(1, 86_400),
    help: "How far a request's timestamp may be from this machine's clock, in seconds.",
  },
  RECEIVER_LOG: {
    default: 'receipts.ndjson',
    schema: text,
    help: 'The file that every request is written to, one JSON object a line.',
  },
  RECEIVER_LOG_BYTES: {
    default: '0',
    schema: integer(0),
    help: 'From this size on the log begins anew, and the one before is kept as <file>.1; 0: never.',
  },
  RECEIVER_FAULTS: {
    schema: text,
    help: 'A JSON file that says how to fail, in the form of PUT /faults; unset: not at all.',
  },
} as const;
