import { setMaxListeners } from 'node:events';

/** Which way bytes go: `upstream` from the client to the server, `downstream` back. */
export type Direction = 'upstream' | 'downstream';

/** What is done to a connection, in Toxiproxy's words. */
export type Toxic =
  /** Every piece comes later, by a time of its own; the order stays. */
  | { readonly type: 'latency'; readonly latencyMs: number; readonly jitterMs?: number }
  | { readonly type: 'bandwidth'; readonly bytesPerSecond: number }
  /** Nothing comes through, and nothing is lost: when it is removed all goes on, as TCP does after a partition. */
  | { readonly type: 'black_hole' }
  /** The connection is cut without an end, once it is so old. */
  | { readonly type: 'reset'; readonly afterMs: number }
  /** Pieces are cut into small ones, with a pause after each. */
  | { readonly type: 'slicer'; readonly bytes: number; readonly delayMs: number }
  /** So many bytes come through; then the connection is cut, in the midst of what was being sent. */
  | { readonly type: 'limit_data'; readonly bytes: number };

export interface Injection {
  /** Both directions unless told. */
  readonly direction?: Direction;
  /** The part of the connections that it is done to, drawn for each; all unless told. */
  readonly share?: number;
}

/** A fault that is in place, and what it has really done so far. */
export interface Injected {
  readonly toxic: Toxic;
  /** Connections that it was done to. */
  connections(): number;
  /** How often: pieces delayed, cut or held, connections cut. */
  hits(): number;
  remove(): void;
}

/** The proxy's side of a fault. */
export interface InstalledToxic {
  readonly toxic: Toxic;
  readonly direction: Direction | undefined;
  readonly share: number;
  /** Aborted when it is removed. */
  readonly removed: AbortSignal;
  /** Counts what was done to a connection. */
  hit(connection: number): void;
}

export function install(
  toxic: Toxic,
  { direction, share = 1 }: Injection,
  onRemoved: (installed: InstalledToxic) => void,
): { installed: InstalledToxic; injected: Injected } {
  const removal = new AbortController();
  // Every connection waits on it.
  setMaxListeners(0, removal.signal);
  const connections = new Set<number>();
  let hits = 0;
  const installed: InstalledToxic = {
    toxic,
    direction,
    share,
    removed: removal.signal,
    hit(connection) {
      connections.add(connection);
      hits += 1;
    },
  };
  const injected: Injected = {
    toxic,
    connections: () => connections.size,
    hits: () => hits,
    remove() {
      removal.abort();
      onRemoved(installed);
    },
  };
  return { installed, injected };
}
