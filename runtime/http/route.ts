import type { FastifySchema } from 'fastify';
import { z } from 'zod';

/** One answer of a route, by its status. */
export interface Answer {
  readonly description: string;
  /** Absent: not JSON, but text. */
  readonly body?: z.ZodType;
  /** What the answer may carry, by name, each with its meaning. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route takes and answers; it is served by this, and its documentation is made from it. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** The members of the query, an object's. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answers: Readonly<Record<number, Answer>>;
}

/** A zod schema as JSON schema. What no JSON schema can say (a check of our own) is left out. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Readonly<Record<string, unknown>> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** The schema by which fastify writes a route's answers: nothing leaves that is not documented. */
export function answerSchema({ answers }: Route): FastifySchema {
  const bodies = Object.entries(answers).flatMap(([status, { body }]) =>
    body === undefined ? [] : [[status, jsonSchema(body, 'output')] as const],
  );
  return { response: Object.fromEntries(bodies) };
}
