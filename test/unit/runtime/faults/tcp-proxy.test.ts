import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, expect, it } from '@jest/globals';

import { startTcpProxy, type TcpProxy } from '../../../../runtime/faults/tcp-proxy.ts';
import { createRandom } from '../../../../runtime/process/random.ts';

let server: Server;
let proxy: TcpProxy;
let served: Socket[];

// Sends everything back.
beforeEach(async () => {
  served = [];
  server = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  proxy = await startTcpProxy({ target: { host: '127.0.0.1', port }, random: createRandom('1', 'proxy') });
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of served) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function client(): Promise<Socket> {
  const socket = connect({ ...proxy.address, allowHalfOpen: true });
  // The proxy's end cuts what a test leaves open.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

const failure = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));

const heard = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);

it('carries every byte both ways, in order, and the end', async () => {
  const sent = Array.from({ length: 300_000 }, (_, n) => String(n)).join();
  const socket = await client();
  socket.end(sent);
  expect(await text(socket)).toBe(sent);
  expect(proxy.accepted()).toBe(1);
});

it('changes nothing but the time with latency, a slow line and small pieces, and counts what it did', async () => {
  const faults = [
    proxy.inject({ type: 'latency', latencyMs: 5, jitterMs: 5 }),
    proxy.inject({ type: 'bandwidth', bytesPerSecond: 10_000_000 }, { direction: 'upstream' }),
    proxy.inject({ type: 'slicer', bytes: 1000, delayMs: 1 }, { direction: 'downstream' }),
  ];
  const sent = 'kaquan '.repeat(5000);
  const socket = await client();
  socket.end(sent);
  expect(await text(socket)).toBe(sent);
  for (const fault of faults) {
    expect(fault.connections()).toBe(1);
    expect(fault.hits()).toBeGreaterThan(0);
  }
});

it('lets nothing through a black hole, also of a connection that is open, and loses nothing when it is over', async () => {
  const socket = await client();
  socket.write('before');
  expect(await heard(socket)).toBe('before');
  const hole = proxy.inject({ type: 'black_hole' }, { direction: 'downstream' });
  const answer = heard(socket);
  socket.write('held');
  while (hole.hits() === 0) await new Promise((resolve) => setImmediate(resolve));
  // What comes after the removal would come before it, were it not held.
  expect(await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])).toBe(
    'nothing',
  );
  hole.remove();
  expect(await answer).toBe('held');
});

it('cuts a connection with a reset once it is so old', async () => {
  const reset = proxy.inject({ type: 'reset', afterMs: 10 });
  expect(await failure(await client())).toBe('ECONNRESET');
  expect(reset.connections()).toBe(1);
  reset.remove();
  const socket = await client();
  socket.end('again');
  expect(await text(socket)).toBe('again');
});

it('cuts a connection in the midst of what is sent after so many bytes', async () => {
  const limit = proxy.inject({ type: 'limit_data', bytes: 10 }, { direction: 'upstream' });
  const socket = await client();
  const failed = failure(socket);
  let got = '';
  socket.on('data', (bytes: Buffer) => (got += bytes.toString()));
  socket.write('123456789');
  socket.write('abcdefghi');
  await failed;
  expect('123456789a'.startsWith(got)).toBe(true);
  expect(limit.hits()).toBeGreaterThan(0);
});

it('does a fault to the drawn part of the connections, the same for the same seed', async () => {
  const limit = proxy.inject({ type: 'latency', latencyMs: 0 }, { share: 0.5 });
  for (let n = 0; n < 20; n++) {
    const socket = await client();
    socket.end('x');
    await text(socket);
  }
  const random = createRandom('1', 'proxy');
  const drawn = Array.from({ length: 20 }, () => {
    const isDrawn = random.chance(0.5);
    // Each piece of each direction draws its jitter.
    if (isDrawn) for (let piece = 0; piece < 2; piece++) random.unit();
    return isDrawn;
  });
  expect(limit.connections()).toBe(drawn.filter(Boolean).length);
  expect(limit.connections()).toBeGreaterThan(0);
  expect(limit.connections()).toBeLessThan(20);
});

it('is away for all while it is disabled, and back at the same place', async () => {
  const open = await client();
  open.write('x');
  await heard(open);
  const cut = failure(open);
  expect(proxy.disable()).toBe(1);
  expect(await cut).toBe('ECONNRESET');
  const refused = connect(proxy.address);
  await once(refused, 'close').catch(() => undefined);
  expect(proxy.open()).toBe(0);
  proxy.enable();
  const socket = await client();
  socket.end('back');
  expect(await text(socket)).toBe('back');
});

it('breaks the client when the server breaks', async () => {
  const socket = await client();
  socket.write('x');
  await heard(socket);
  const failed = failure(socket);
  served[0]?.resetAndDestroy();
  expect(await failed).toBe('ECONNRESET');
});
