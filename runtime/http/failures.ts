import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

import { discardRest } from './rest-of-body.ts';

/** A request that is not served: there is no such route, its body is too large, a limit is reached, a route threw. */
export interface Failure {
  /** The HTTP status that says so: 4xx or 5xx. */
  readonly status: number;
  /** For the client; tells nothing of what happens inside. */
  readonly sentence: string;
}

/** How a service words a failure. */
export type FailureAnswer = (failure: Failure) => { readonly status: number; readonly body: object };

/** Thrown by a route to refuse a request: answered as a failure, with its own sentence, and no accident to be logged. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly statusCode: number;
  /** When it may be tried again, seconds; sent as `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(statusCode: number, sentence: string, retryAfter?: number) {
    super(sentence);
    this.statusCode = statusCode;
    this.retryAfter = retryAfter;
  }
}

const isAccident = (error: FastifyError): boolean =>
  (error.statusCode ?? 500) >= 500 && !(error instanceof RefusedError);

/** What is told of an error of a route, or of the framework. */
export const failureOf = (error: FastifyError): Failure => ({
  status: error.statusCode ?? 500,
  sentence: isAccident(error) ? 'the service failed; its log says why' : error.message,
});

/** Answers every failure in the service's own form; only accidents are logged, and never what a request said. */
export function answerFailures(app: FastifyInstance, answer: FailureAnswer, logger: Logger): void {
  const send = (reply: FastifyReply, failure: Failure) => {
    const { status, body } = answer(failure);
    return reply.code(status).send(body);
  };
  app.setNotFoundHandler((request, reply) =>
    send(reply, { status: 404, sentence: `there is no ${request.method} ${pathOf(request)}` }),
  );
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    if (error instanceof RefusedError && error.retryAfter !== undefined)
      void reply.header('retry-after', error.retryAfter);
    if (isAccident(error)) {
      const place = { step: 'request', path: pathOf(request) };
      logger.error({ ...place, reason: error.message, stack: error.stack }, 'failed');
    }
    const failure = failureOf(error);
    if (failure.status === 413) await discardRest(request.raw);
    return send(reply, failure);
  });
}

// The query may hold a signature or a token.
const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? url;
