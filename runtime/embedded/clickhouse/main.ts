import { createServer } from 'node:http';

import { openEngine } from './engine.ts';
import { createFront } from './front.ts';
import type { FrontMessage, FrontStart } from './process.ts';
import { room } from './room.ts';

// Parameters travel in the URL; a body may take as long as its query.
const LIMITS = { keepAliveTimeout: 30_000, requestTimeout: 0, maxHeaderSize: 1 << 20 };

/** The process that holds ClickHouse: told what to do, and ended, by the one that started it. */
const tell = (message: FrontMessage): void => void process.send?.(message);

const say = (sentence: string): void => void process.stderr.write(`${sentence}\n`);

// By force: to end in order would merge, and remove, on top of what is not there.
function again(): void {
  say('ClickHouse could not write to its disk, and starts again: that sets aside what is not whole.');
  process.send?.({ kind: 'again' } satisfies FrontMessage, () => process.kill(process.pid, 'SIGKILL'));
}

async function start({ folder, host, port, users, readable, schemas }: FrontStart): Promise<void> {
  await room(folder, { host, port }, say);
  const engine = await openEngine({ folder, users, readable, onFailedWrite: again });
  const server = createServer(LIMITS, createFront({ engine, users, readable, schemas }));
  server.on('error', (error: NodeJS.ErrnoException) => tell({ kind: 'failed', message: error.message }));
  server.listen(port, host, () => tell({ kind: 'ready' }));
  process.once('SIGTERM', () => {
    server.close(() => {
      void engine.close().then(() => process.exit(0));
    });
    server.closeIdleConnections();
  });
}

process.once('message', (message: FrontStart) => {
  start(message).catch((error: unknown) => {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
// Queries may still run; what is acknowledged is stored.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
