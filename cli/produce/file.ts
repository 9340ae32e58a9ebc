import { createReadStream, realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';

import { FilePublication } from '../../producers/file/file-publication.ts';
import type { FileSummary } from '../../producers/file/file-summary.ts';
import { CouponOrderProducer } from '../../producers/index.ts';
import { CommandError, EXIT } from '../failure.ts';
import type { Io } from '../io.ts';
import { asText, asJson } from './file-report.ts';
import { onInterruption } from './interruption.ts';
import { createProgress, grouped, type Progress } from './progress.ts';
import { CONNECT_MS, endedEarly, publishing } from './publishing.ts';
import { openRejects, type RejectsFile } from './rejects-file.ts';

export interface FileOptions {
  /** The file; `-` is standard input. */
  readonly path: string;
  /** Where refused lines go. */
  readonly rejects?: string;
  readonly json?: true;
}

/**
 * `kaquan produce file`: publishes NDJSON, one report a line.
 * @returns 0 if all lines were published, 1 if some were refused or it was interrupted
 * @throws {CommandError} if the file can't be read, or Kafka does not take it
 */
export async function produceFile(options: FileOptions, io: Io): Promise<number> {
  const { stream, bytes } = await openSource(options.path);
  const producer = new CouponOrderProducer(publishing(io));
  const { signal, release } = onInterruption();
  try {
    await connected(producer, io);
    const rejects =
      options.rejects === undefined ? undefined : await openRejects(options.rejects, options.path);
    const progress = createProgress(io.stderr, bytes);
    const publication = new FilePublication({
      send: (reports) => producer.send(reports),
      onReject: async (reject) => rejects?.write(reject),
      onProgress: (summary, read) => progress.show(read, progressText(summary)),
    });
    await publishAll(publication, stream, { signal, producer, rejects, progress }, io);
    return tell(publication.summary, { ...options, interrupted: signal.aborted }, io);
  } finally {
    release();
    stream.destroy();
  }
}

interface Means {
  readonly signal: AbortSignal;
  readonly producer: CouponOrderProducer;
  readonly rejects: RejectsFile | undefined;
  readonly progress: Progress;
}

async function publishAll(
  publication: FilePublication,
  stream: Readable,
  means: Means,
  io: Io,
): Promise<void> {
  try {
    await publication.publish(addAbortSignal(means.signal, stream), means.signal);
  } catch (error) {
    throw endedEarly(error, io.env, wayOn(publication.summary));
  } finally {
    means.progress.stop();
    await means.rejects?.close();
    await means.producer.close();
  }
}

async function connected(producer: CouponOrderProducer, io: Io): Promise<void> {
  try {
    await producer.connect(CONNECT_MS);
  } catch (error) {
    await producer.close();
    throw endedEarly(error, io.env, 'Nothing was published.');
  }
}

async function openSource(
  path: string,
): Promise<{ readonly stream: Readable; readonly bytes: number | undefined }> {
  if (path === '-') return { stream: process.stdin, bytes: undefined };
  try {
    const file = await stat(realpathSync(path));
    if (file.isDirectory()) throw new Error('it is a folder');
    const { size } = file;
    return { stream: createReadStream(path, { highWaterMark: 256 * 1024 }), bytes: size };
  } catch (error) {
    throw new CommandError(`can't read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const progressText = ({ doneThrough, refused }: FileSummary): string =>
  `${grouped(doneThrough)} lines${refused > 0 ? `, ${grouped(refused)} refused` : ''}`;

const wayOn = ({ doneThrough }: FileSummary): string =>
  doneThrough === 0
    ? 'No line is known to be published. Run it again: a report that is sent twice counts once.'
    : `All lines until ${doneThrough} are acknowledged. Run it again from line ${doneThrough + 1}, or from the start: a report that ` +
      'is sent twice counts once.';

interface Told extends FileOptions {
  readonly interrupted: boolean;
}

function tell(summary: FileSummary, { json, rejects, interrupted }: Told, io: Io): number {
  if (interrupted) io.stderr.write(`kaquan: interrupted. ${wayOn(summary)}\n`);
  io.stdout.write(json ? asJson(summary, interrupted) : asText(summary));
  if (!json && summary.refused > 0) io.stderr.write(refusedText(summary, rejects));
  return interrupted || summary.refused > 0 ? EXIT.failed : EXIT.done;
}

function refusedText({ refused, rules }: FileSummary, rejects: string | undefined): string {
  const often = [...rules.values()].sort((a, b) => b.lines - a.lines);
  const lines = often.map(
    ({ rule, lines: count, first, example }) =>
      `  ${rule.padEnd(12)} ${grouped(count)}, first in line ${first}: ${example}`,
  );
  const where =
    rejects === undefined ? '; --rejects FILE keeps each of them' : `; all of them are in ${rejects}`;
  return `${grouped(refused)} lines were refused, by rule${where}:\n${lines.join('\n')}\n`;
}
