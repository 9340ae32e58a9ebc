import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

import { OperatorError } from '../process/operator-error.ts';
import { refusal, type Address } from './address.ts';
import { answerFailures, type FailureAnswer } from './failures.ts';
import { addHealth, type Checks, type Verdict } from './health.ts';
import { answerNotHttp } from './not-http.ts';
import { measureRequests } from './request-metrics.ts';

export interface HttpServiceOptions {
  readonly listen: Address;
  /** The setting that says where it listens, to name it when that is not possible. */
  readonly setting: string;
  /** The longest body that is read, bytes; a longer one is answered as a failure with status 413. */
  readonly bodyBytes: number;
  /** Whether `X-Forwarded-For` says who the client is: only behind a proxy that sets it. Default: no. */
  readonly trustProxy?: boolean;
  readonly checks: Checks;
  /** Whether the work goes on, for `/livez`; unless told, a process that answers is alive. */
  readonly alive?: () => Verdict;
  readonly metrics: Registry;
  readonly failure: FailureAnswer;
  readonly logger: Logger;
  /** Adds what the service serves beside `/livez`, `/readyz` and `/metrics`. */
  readonly routes: (app: FastifyInstance) => void | Promise<void>;
}

/** A service that listens. */
export interface HttpService {
  /** Where, such as `http://127.0.0.1:8080`; with the port that a 0 came to be. */
  readonly url: string;
  /**
   * Takes no more connections, and resolves when the requests in flight are answered; those that are not after `graceMs` lose
   * their connections.
   */
  stop(graceMs: number): Promise<void>;
}

// A client that does not send on holds a connection no longer.
const REQUEST_MS = 30_000;
const IDLE_CHECK_MS = 20;

/** Starts a service. @throws {OperatorError} if nothing can listen there, naming the address and the setting */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyBytes,
    requestTimeout: REQUEST_MS,
    trustProxy: options.trustProxy ?? false,
    // A request on a connection that is open still is answered, and its connection closed.
    return503OnClosing: false,
    clientErrorHandler: answerNotHttp(options.failure),
    // Of a path that is none, which reaches no route and no error handler.
    frameworkErrors: ({ statusCode = 400 }, _, reply) => {
      const { status, body } = options.failure({ status: statusCode, sentence: 'the path is none' });
      void (reply as FastifyReply).code(status).send(body);
    },
  });
  let isStopping = false;
  // Else its client may send the next request on the same connection, and the end waits for that one too.
  app.addHook('onSend', (_, reply, payload, done) => {
    if (isStopping) void reply.header('connection', 'close');
    done(null, payload);
  });
  answerFailures(app, options.failure, options.logger);
  measureRequests(app, options.metrics);
  addHealth(app, options.checks, options.metrics, options.alive);
  await options.routes(app);
  await listen(app, options);
  return {
    url: urlOf(app.server.address()),
    stop(graceMs) {
      isStopping = true;
      return stop(app, graceMs);
    },
  };
}

async function listen(app: FastifyInstance, { listen: address, setting }: HttpServiceOptions): Promise<void> {
  try {
    await app.listen(address);
  } catch (error) {
    await app.close();
    if (!isSystemError(error)) throw error;
    throw new OperatorError(refusal(error, address, setting), { cause: error });
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  typeof error === 'object' && error !== null && 'syscall' in error;

async function stop(app: FastifyInstance, graceMs: number): Promise<void> {
  const force = setTimeout(() => app.server.closeAllConnections(), graceMs);
  // A connection whose last answer was sent while the server closes would otherwise stay until it times out.
  const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(force);
    clearInterval(idle);
  }
}

function urlOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') throw new Error('the service listens at no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
