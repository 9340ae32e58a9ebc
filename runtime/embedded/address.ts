import { createServer, type AddressInfo } from 'node:net';

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
}

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
export function claimPort({ host, port }: Address, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(refusal(error, host, port, setting), { cause: error })),
    );
    server.listen({ host, port, exclusive: true }, () => {
      const found = (server.address() as AddressInfo).port;
      server.close(() => resolve(found));
    });
  });
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number, setting: string): string {
  const place = `${host}:${port}`;
  if (error.code === 'EADDRINUSE')
    return `${place} (${setting}) is taken by another process: stop that one, or set ${setting} to another port`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
    return `${place} (${setting}) is not an address of this machine, so nothing can be started there`;
  }
  if (error.code === 'EACCES')
    return `${place} (${setting}) needs rights that this process does not have: choose a port above 1023`;
  return `nothing can listen at ${place} (${setting}): ${error.message}`;
}
