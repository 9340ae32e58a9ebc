import { parentPort, workerData, type MessagePort } from 'node:worker_threads';

import { loadAddon } from './addon.ts';
import type { EngineLocation, FromExecutor, Job, ToExecutor } from './job.ts';
import { runJob, type Piece } from './run-job.ts';

/** The thread of an executor: one job at a time, one piece of its answer per request. */
function serve(port: MessagePort, { path, args }: EngineLocation): void {
  const addon = loadAddon();
  let wanted: ((go: boolean) => void) | undefined;

  const run = async (job: Job): Promise<void> => {
    const connection = addon.CreateConnection(path, args);
    try {
      for await (const piece of runJob(addon, connection, job)) {
        post(port, piece);
        if (!(await new Promise<boolean>((resolve) => (wanted = resolve)))) break;
      }
    } finally {
      addon.CloseConnection(connection);
    }
  };

  port.on('message', (message: ToExecutor) => {
    if (message.kind !== 'run') {
      wanted?.(message.kind === 'next');
      return;
    }
    const tell = (end: FromExecutor): void => port.postMessage(end);
    run(message.job).then(
      () => tell({ kind: 'end' }),
      (error: unknown) =>
        tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
    );
  });
}

function post(port: MessagePort, piece: Piece): void {
  const { buffer, byteLength } = piece.bytes;
  // A buffer of its own is moved; a part of a shared one has to be copied.
  const movable = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength && byteLength > 0;
  port.postMessage({ kind: 'chunk', ...piece } satisfies FromExecutor, movable ? [buffer] : []);
}

if (parentPort) serve(parentPort, workerData as EngineLocation);
