import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';

import { sendPieces } from '../../../../runtime/embedded/clickhouse/answer.ts';
import type { Piece } from '../../../../runtime/embedded/clickhouse/run-job.ts';

/** What `answer` does with a response whose client is gone by the time that `whenGone` resolves. */
async function withClientThatLeaves(
  answer: (response: ServerResponse, whenGone: Promise<unknown>) => Promise<void>,
): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const client = request({ port: (server.address() as AddressInfo).port, method: 'POST' });
  client.on('error', () => undefined);
  client.end();
  const [, response] = await asked;
  const gone = once(response, 'close');
  client.destroy();
  await answer(response, gone).finally(() => server.close());
}

async function* afterwards(whenGone: Promise<unknown>, sizes: readonly number[]): AsyncGenerator<Piece> {
  await whenGone;
  for (const size of sizes) yield { bytes: Buffer.alloc(size) };
}

// What waits for such a client holds its place in a lane for ever.
it.each([
  ['nothing, as of an insert', [0], false],
  ['one piece', [10], false],
  ['pieces that do not fit the buffer', [1 << 20, 1 << 20], false],
  ['compressed pieces', [1 << 20, 1 << 20], true],
])('ends when the client left before the answer (%s)', async (_, sizes, gzip) => {
  await withClientThatLeaves((response, whenGone) =>
    sendPieces(response, afterwards(whenGone, sizes), 'TSV', gzip),
  );
});

it('ends when the client left before it was asked', async () => {
  await withClientThatLeaves(async (response, whenGone) => {
    await whenGone;
    await sendPieces(response, afterwards(whenGone, [0]), 'TSV', false);
  });
});

it('lets a failure before the first piece through', async () => {
  const failing = (async function* (): AsyncGenerator<Piece> {
    await Promise.resolve();
    yield* [];
    throw new Error('no such table');
  })();
  await withClientThatLeaves(async (response) => {
    await expect(sendPieces(response, failing, 'TSV', false)).rejects.toThrow('no such table');
  });
});
