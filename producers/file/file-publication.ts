import type { SendResult } from '../sending.ts';
import { FileSummary } from './file-summary.ts';
import { readLine, type Reject } from './input-line.ts';
import { LineSplitter, type Line } from './line-splitter.ts';

export interface FilePublicationOptions {
  /** Publishes reports in the order of its calls. */
  readonly send: (reports: readonly unknown[]) => Promise<SendResult>;
  /** Called for each line that could not be published, in the order of the lines; reading waits for it. */
  readonly onReject: (reject: Reject) => Promise<void> | void;
  /** Called now and then with what became of the file so far. */
  readonly onProgress: (summary: FileSummary, bytesRead: number) => void;
}

// A report has at most about a megabyte; see BOUNDS.event.
const LONGEST_LINE = 4 * 1024 * 1024;
const BATCH_LINES = 500;
const BATCH_BYTES = 1024 * 1024;
const BATCHES_UNDER_WAY = 8;

interface Batch {
  readonly lines: readonly Line[];
  readonly bytes: number;
}

interface UnderWay {
  readonly outcome: Promise<{ readonly rejects: readonly Reject[]; readonly published: number }>;
  readonly last: number;
}

/**
 * Publishes a file of NDJSON, one report a line, in memory that does not grow with the file.
 * Whatever happens, the summary tells what became of the lines until `doneThrough`.
 */
export class FilePublication {
  readonly summary = new FileSummary();
  readonly #options: FilePublicationOptions;
  readonly #underWay: UnderWay[] = [];
  #bytesRead = 0;

  constructor(options: FilePublicationOptions) {
    this.#options = options;
  }

  /** Resolves when all lines are published or rejected, or, after `signal`, all that were read. @throws {DeliveryError} or what reading fails of */
  async publish(source: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    try {
      for await (const batch of batches(source, (bytes) => (this.#bytesRead += bytes))) {
        if (signal.aborted) break;
        this.#start(batch);
        while (this.#underWay.length >= BATCHES_UNDER_WAY) await this.#finishOldest();
      }
    } catch (error) {
      if (!signal.aborted) {
        await this.#finishWhatSucceeds();
        throw error;
      }
    }
    while (this.#underWay.length > 0) await this.#finishOldest();
  }

  #start({ lines }: Batch): void {
    const outcome = this.#publish(lines);
    // Its failure is told when its turn comes.
    outcome.catch(() => undefined);
    this.summary.lines = lines.at(-1)?.number ?? this.summary.lines;
    this.#underWay.push({ outcome, last: this.summary.lines });
  }

  async #publish(lines: readonly Line[]): Promise<Awaited<UnderWay['outcome']>> {
    const rejects: Reject[] = [];
    const reports: { readonly line: number; readonly report: unknown }[] = [];
    for (const line of lines) {
      const read = readLine(line);
      if (read.kind === 'empty') this.summary.empty += 1;
      else if (read.kind === 'reject') rejects.push(read.reject);
      else reports.push({ line: read.line, report: read.report });
    }
    const { accepted, refused } = await this.#options.send(reports.map(({ report }) => report));
    for (const { index, violations } of refused) {
      const { line = 0, report: input } = reports[index] ?? {};
      rejects.push({ line, input, violations });
    }
    return { rejects: rejects.sort((a, b) => a.line - b.line), published: accepted.length };
  }

  async #finishOldest(): Promise<void> {
    const oldest = this.#underWay[0];
    if (oldest === undefined) return;
    const { rejects, published } = await oldest.outcome;
    this.#underWay.shift();
    for (const reject of rejects) {
      this.summary.refuse(reject);
      await this.#options.onReject(reject);
    }
    this.summary.published += published;
    this.summary.doneThrough = oldest.last;
    this.#options.onProgress(this.summary, this.#bytesRead);
  }

  async #finishWhatSucceeds(): Promise<void> {
    try {
      while (this.#underWay.length > 0) await this.#finishOldest();
    } catch {
      // What made the first failure is thrown already.
    }
  }
}

async function* batches(
  source: AsyncIterable<Buffer>,
  onRead: (bytes: number) => void,
): AsyncGenerator<Batch> {
  const splitter = new LineSplitter(LONGEST_LINE);
  let lines: Line[] = [];
  let bytes = 0;
  const cut = (): Batch => {
    const batch = { lines, bytes };
    [lines, bytes] = [[], 0];
    return batch;
  };
  for await (const chunk of source) {
    onRead(chunk.length);
    for (const line of splitter.push(chunk)) {
      lines.push(line);
      bytes += line.bytes.length;
      if (lines.length >= BATCH_LINES || bytes >= BATCH_BYTES) yield cut();
    }
  }
  lines.push(...splitter.end());
  if (lines.length > 0) yield cut();
}
