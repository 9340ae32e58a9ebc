import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A request as the receiver took it. */
export interface Receipt {
  /** When its body was read, ms since 1970. */
  readonly at: number;
  readonly path: string;
  readonly app_id: string;
  /** Whether its events were taken: also if the answer was lost. */
  readonly accepted: boolean;
  /** What was answered; 0: nothing. */
  readonly status: number;
  readonly code: number;
  /** What was done on purpose. */
  readonly fault?: string;
  /** Which rule it broke. */
  readonly msg?: string;
  /** The bodies of its events, in order; none if it could not be read. */
  readonly events: readonly unknown[];
}

/** The log of all requests: written before the answer leaves, so that an answer that came has its line. */
export interface ReceiptLog {
  write(receipt: Receipt): void;
  close(): void;
}

/** @param mostBytes from this size on a new file is begun, and one earlier is kept; 0: never */
export function openReceiptLog(file: string, mostBytes: number): ReceiptLog {
  let open = openSync(file, 'a');
  let bytes = fstatSync(open).size;
  return {
    write(receipt) {
      if (mostBytes > 0 && bytes >= mostBytes) {
        closeSync(open);
        renameSync(file, `${file}.1`);
        open = openSync(file, 'a');
        bytes = 0;
      }
      bytes += writeSync(open, `${JSON.stringify(receipt)}\n`);
    },
    close: () => closeSync(open),
  };
}
