import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';

/** A request that no route answered: there is none, its body was too large, its client went away, or a route threw. */
export interface Failure {
  /** The HTTP status that says so: 4xx or 5xx. */
  readonly status: number;
  /** For the client; tells nothing of what happens inside. */
  readonly sentence: string;
}

/** How a service words a failure. */
export type FailureAnswer = (failure: Failure) => { readonly status: number; readonly body: object };

/** Answers every failure in the service's own form; only accidents are logged, and never what a request said. */
export function answerFailures(app: FastifyInstance, answer: FailureAnswer, logger: Logger): void {
  const send = (reply: FastifyReply, failure: Failure) => {
    const { status, body } = answer(failure);
    return reply.code(status).send(body);
  };
  app.setNotFoundHandler((request, reply) =>
    send(reply, { status: 404, sentence: `there is no ${request.method} ${pathOf(request)}` }),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const { statusCode: status = 500 } = error;
    if (status < 500) return send(reply, { status, sentence: error.message });
    logger.error(
      { step: 'request', path: pathOf(request), reason: error.message, stack: error.stack },
      'failed',
    );
    return send(reply, { status, sentence: 'the service failed; its log says why' });
  });
}

// The query may hold a signature or a token.
const pathOf = ({ url }: FastifyRequest): string => url.split('?', 1)[0] ?? url;
