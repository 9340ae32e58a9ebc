import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

import type { Address } from '../../runtime/http/address.ts';
import { WholeAnswers } from '../../runtime/kafka/whole-answers.ts';

/** What Kafka calls these requests, and says when it can't serve one (protocol guide, "API keys" and "error codes"). */
export const FIND_COORDINATOR = 10;
export const HEARTBEAT = 12;
export const JOIN_GROUP = 11;
export const COORDINATOR_LOAD_IN_PROGRESS = 14;
export const COORDINATOR_NOT_AVAILABLE = 15;
export const NOT_COORDINATOR = 16;
export const UNKNOWN_MEMBER_ID = 25;

/** A proxy before Kafka that refuses requests in its name, which is how a test has a broker refuse at the moment it needs. */
export interface RefusingProxy {
  readonly address: Address;
  target(address: Address): void;
  /** The next requests of these kinds are refused, in this order; all others reach Kafka. */
  refuse(...refusals: readonly { readonly request: number; readonly error: number }[]): void;
  stop(): Promise<void>;
}

export async function startRefusingProxy(): Promise<RefusingProxy> {
  let to: Address | undefined;
  let refusals: readonly { readonly request: number; readonly error: number }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (to === undefined) return client.destroy();
    const kafka = connect(to);
    for (const [one, other] of [
      [client, kafka],
      [kafka, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).once('close', () => sockets.delete(one) && other.destroy());
    }
    kafka.pipe(client);
    // Requests are framed as answers are.
    const requests = new WholeAnswers();
    client.on('data', (piece: Buffer) => {
      for (const request of framesOf(requests.add(piece))) {
        const [next, ...later] = refusals;
        if (next?.request === request.readInt16BE(4)) {
          refusals = later;
          client.write(refusal(request, next.error));
        } else kafka.write(request);
      }
    });
    return undefined;
  });
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the proxy listens nowhere');
  return {
    address: { host: '127.0.0.1', port: bound.port },
    target: (address) => void (to = address),
    refuse: (...all) => void (refusals = all),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function framesOf(bytes: Buffer | undefined): Buffer[] {
  if (bytes === undefined || bytes.length === 0) return [];
  const end = 4 + bytes.readInt32BE(0);
  return [bytes.subarray(0, end), ...framesOf(bytes.subarray(end))];
}

/** The request's correlation id, no throttling, the error, and of what only some answers have, nothing. */
function refusal(request: Buffer, error: number): Buffer {
  const answer = Buffer.alloc(28);
  answer.writeInt32BE(answer.length - 4, 0);
  request.copy(answer, 4, 8, 12);
  answer.writeInt16BE(error, 12);
  return answer;
}
