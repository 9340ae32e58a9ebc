import type { z } from 'zod';

import { jsonSchema, type Answer, type Route } from './route.ts';

export interface ServiceInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

const JSON_TYPE = 'application/json';

/** The OpenAPI 3.1 document of a service's routes. */
export function openApi(info: ServiceInfo, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operation(route);
  return { openapi: '3.1.0', info, paths };
}

function operation({ summary, description, query, body, answers }: Route): object {
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(query !== undefined && { parameters: parameters(query) }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { [JSON_TYPE]: { schema: jsonSchema(body, 'input') } } },
    }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, answer]) => [status, response(answer)]),
    ),
  };
}

function parameters(query: z.ZodObject): object[] {
  return Object.entries(query.shape as Record<string, z.ZodType>).map(([name, member]) => {
    const { description, ...schema } = jsonSchema(member, 'input');
    const required = !member.safeParse(undefined).success;
    return { name, in: 'query', required, ...(description !== undefined && { description }), schema };
  });
}

function response({ description, body, headers = {} }: Answer): object {
  const content =
    body === undefined ? { 'text/plain': {} } : { [JSON_TYPE]: { schema: jsonSchema(body, 'output') } };
  const described = Object.entries(headers).map(([name, meaning]) => [
    name,
    { description: meaning, schema: { type: 'string' } },
  ]);
  return {
    description,
    content,
    ...(described.length > 0 && { headers: Object.fromEntries(described) as object }),
  };
}
