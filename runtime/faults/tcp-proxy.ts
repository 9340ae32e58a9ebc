import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import type { Address } from '../http/address.ts';
import type { Random } from '../process/random.ts';
import { Link } from './link.ts';
import { install, type Injected, type Injection, type InstalledToxic, type Toxic } from './toxics.ts';

export interface TcpProxyOptions {
  /** Where it listens; port 0 takes a free one. */
  readonly listen?: Address;
  /** Where it connects to; `target` sets it later, for a server that is started after its proxy. */
  readonly target?: Address;
  /** Draws jitter, and which connections a fault is done to. */
  readonly random: Random;
}

/** A TCP proxy on this machine that can be told to fail. */
export interface TcpProxy {
  readonly address: Address;
  /** Where connections go from now on. */
  target(address: Address): void;
  /** Does this to connections, those that are open and those that come, until it is removed. */
  inject(toxic: Toxic, injection?: Injection): Injected;
  /** Cuts all connections, and each new one at once, until `enable`. @returns how many were open */
  disable(): number;
  enable(): void;
  /** How many connections were ever accepted, those that were cut at once included. */
  accepted(): number;
  /** How many are open. */
  open(): number;
  stop(): Promise<void>;
}

const LOOPBACK: Address = { host: '127.0.0.1', port: 0 };

/** Starts a proxy. Faults are drawn from `random` alone; see `toxics.ts` for what they do. */
export async function startTcpProxy({
  listen = LOOPBACK,
  target,
  random,
}: TcpProxyOptions): Promise<TcpProxy> {
  const connections = new Set<ProxiedConnection>();
  let toxics: readonly InstalledToxic[] = [];
  let to = target;
  let isEnabled = true;
  let accepted = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    accepted += 1;
    client.on('error', () => undefined);
    if (!isEnabled || to === undefined) {
      client.resetAndDestroy();
      return;
    }
    const connection = new ProxiedConnection(accepted, client, to, random);
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
    for (const toxic of toxics) connection.apply(toxic);
  });
  server.listen(listen);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the proxy listens nowhere');

  return {
    address: { host: listen.host, port: bound.port },
    target: (address) => void (to = address),
    inject(toxic, injection = {}) {
      const { installed, injected } = install(toxic, injection, (gone) => {
        toxics = toxics.filter((one) => one !== gone);
      });
      toxics = [...toxics, installed];
      for (const connection of connections) connection.apply(installed);
      return injected;
    },
    disable() {
      isEnabled = false;
      const open = connections.size;
      for (const connection of connections) connection.cut();
      return open;
    },
    enable: () => void (isEnabled = true),
    accepted: () => accepted,
    open: () => connections.size,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of connections) connection.cut();
      await closed;
    },
  };
}

/** One client, and its connection to the server. */
class ProxiedConnection {
  readonly #number: number;
  readonly #random: Random;
  readonly #sockets: readonly [client: Socket, server: Socket];
  readonly #links: readonly Link[];
  #toxics: readonly InstalledToxic[] = [];

  constructor(number: number, client: Socket, target: Address, random: Random) {
    this.#number = number;
    this.#random = random;
    const server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.#sockets = [client, server];
    const shared = { connection: number, random, toxics: () => this.#toxics, cut: () => this.cut() };
    this.#links = [
      new Link({ ...shared, direction: 'upstream', from: client, to: server }),
      new Link({ ...shared, direction: 'downstream', from: server, to: client }),
    ];
    for (const socket of this.#sockets) {
      // One side that broke breaks the other: half a connection would be waited on for ever.
      socket.on('error', () => this.cut());
      socket.once('close', (isBroken) => {
        if (isBroken) this.cut();
        else if (this.#sockets.every(({ destroyed }) => destroyed)) this.#over();
      });
    }
  }

  /** Draws whether the fault is done to this connection, and does it. */
  apply(installed: InstalledToxic): void {
    if (!this.#random.chance(installed.share)) return;
    this.#toxics = [...this.#toxics, installed];
    const forget = (): void => {
      this.#toxics = this.#toxics.filter((one) => one !== installed);
    };
    installed.removed.addEventListener('abort', forget, { once: true });
    const { toxic } = installed;
    if (toxic.type !== 'reset') return;
    const timer = setTimeout(() => {
      if (this.#sockets.every(({ destroyed }) => destroyed)) return;
      installed.hit(this.#number);
      this.cut();
    }, toxic.afterMs).unref();
    installed.removed.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  /** Ends both sides with a reset. */
  cut(): void {
    this.#over();
    for (const socket of this.#sockets) {
      if (socket.connecting) socket.destroy();
      else if (!socket.destroyed) socket.resetAndDestroy();
    }
  }

  #over(): void {
    for (const link of this.#links) link.close();
  }
}
