import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { refusal, type Address } from '../http/address.ts';

/** @throws {Error} if `text` is not host:port */
export function addressOf(text: string, setting: string): Address {
  const found = /^(?:[a-z]+:\/\/)?(\[[^\]]+\]|[^:/]+):(\d+)$/i.exec(text);
  if (found?.[1] === undefined)
    throw new Error(`${setting}: the embedded stack listens on one host:port, which ${text} is not`);
  return { host: found[1].replaceAll(/[[\]]/g, ''), port: Number(found[2]) };
}

/**
 * The port to use at `address`: a free one for 0.
 * @throws {Error} a sentence that names the address and the setting, if it is taken or not on this machine
 */
export async function claimPort(address: Address, setting: string): Promise<number> {
  const { host, port } = address;
  const candidates = port === 0 ? Array.from({ length: ATTEMPTS }, quietPort) : [port];
  let refused: NodeJS.ErrnoException | undefined;
  for (const candidate of candidates) {
    refused = await listening(host, candidate);
    if (refused === undefined) return candidate;
    if (refused.code !== 'EADDRINUSE') break;
  }
  throw new Error(refused && refusal(refused, address, setting), { cause: refused });
}

const ATTEMPTS = 50;

// Kafka listens seconds after its port was found free. The system gives its ports to outgoing connections from 32768 on (Linux) or
// 49152 on (elsewhere): one below is still free by then.
const quietPort = (): number => randomInt(10_240, 32_768);

/** Listens for a moment. @returns why that is not possible */
function listening(host: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
