import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { failureOf } from '../../runtime/http/failures.ts';
import { takeRawBodies } from '../../runtime/http/raw-bodies.ts';
import type { Outcome } from './check-out.ts';
import { refusalOf, type RefusalForms } from './refusals.ts';
import type { Told } from './request-log.ts';
import type { SignedRequest } from './signature/signed-request.ts';

export interface RouteParts {
  readonly path: string;
  readonly decide: (request: SignedRequest) => Promise<Outcome>;
  readonly forms: RefusalForms;
  /** How far behind the topic the holdings are, ms. */
  readonly age: () => number;
  readonly tell: (outcome: Outcome, told: Told) => void;
}

/** The platform's query_marketing_callback. */
export function addMarketingRoute(app: FastifyInstance, parts: RouteParts): void {
  void app.register((scope, _, done) => {
    takeRawBodies(scope);
    // Answered by the service, in its own form, like every failure; but a refusal like any other.
    scope.setErrorHandler((error: FastifyError, request, reply) => {
      note({ kind: 'refused', refusal: refusalOf(failureOf(error)) }, request, reply, parts);
      throw error;
    });
    scope.post(parts.path, (request, reply) => respond(request, reply, parts));
    done();
  });
}

async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: RouteParts,
): Promise<FastifyReply> {
  const outcome = await parts.decide(signedRequestOf(request));
  note(outcome, request, reply, parts);
  const { status, body } = answerOf(outcome, parts.forms);
  return reply.code(status).send(body);
}

/** Tells of a request what became of it, and its answer how fresh the holdings are. */
function note(
  outcome: Outcome,
  request: FastifyRequest,
  reply: FastifyReply,
  { age, tell }: RouteParts,
): void {
  const ageMs = age();
  tell(outcome, { logId: headerOf(request, 'byte-logid'), ageMs, tookMs: reply.elapsedTime });
  void reply.header('kaquan-holdings-age', Number.isFinite(ageMs) ? (ageMs / 1000).toFixed(3) : 'unknown');
}

function answerOf(outcome: Outcome, forms: RefusalForms): { status: number; body: object } {
  if (outcome.kind === 'refused') return forms(outcome.refusal);
  const data = outcome.kind === 'offered' ? outcome.answer.info : outcome.info;
  return { status: 200, body: { err_no: 0, err_tips: 'success', data } };
}

function signedRequestOf(request: FastifyRequest): SignedRequest {
  return {
    header: (name) => headerOf(request, name),
    query: new URL(request.url, 'http://localhost').searchParams,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
