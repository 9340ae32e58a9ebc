import type { ServerResponse } from 'node:http';

/** A schema as a registry serves it. */
export interface RegisteredSchema {
  readonly subject: string;
  /** From 1. */
  readonly version: number;
  readonly id: number;
  /** The schema's JSON. */
  readonly schema: string;
}

interface Found {
  readonly status: number;
  readonly body: unknown;
}

const found = (body: unknown): Found => ({ status: 200, body });
const missing = (error_code: number, message: string): Found => ({
  status: 404,
  body: { error_code, message },
});

/** The part of Confluent's schema registry API that decoders use, for a fixed list. Undefined: not a path of it. */
export function schemaAnswer(path: string, schemas: readonly RegisteredSchema[]): Found | undefined {
  const [root, first, second, third, ...more] = partsOf(path) ?? [];
  if (more.length > 0) return undefined;
  if (root === 'schemas' && first === 'ids' && second !== undefined) return byId(schemas, second, third);
  if (root === 'schemas' && first === 'types' && second === undefined) return found(['AVRO']);
  if (root === 'config' && first === undefined) return found({ compatibilityLevel: 'FULL_TRANSITIVE' });
  if (root !== 'subjects') return undefined;
  if (first === undefined) return found([...new Set(schemas.map(({ subject }) => subject))]);
  return second === 'versions' ? ofSubject(schemas, first, third) : undefined;
}

function partsOf(path: string): string[] | undefined {
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    // An escape that says no text.
    return undefined;
  }
}

function byId(schemas: readonly RegisteredSchema[], id: string, part: string | undefined): Found | undefined {
  const one = schemas.filter((schema) => String(schema.id) === id);
  if (one[0] === undefined) return missing(40403, 'Schema not found');
  if (part === undefined) return found({ schema: one[0].schema });
  return part === 'versions' ? found(one.map(({ subject, version }) => ({ subject, version }))) : undefined;
}

function ofSubject(
  schemas: readonly RegisteredSchema[],
  subject: string,
  version: string | undefined,
): Found {
  const all = schemas.filter((schema) => schema.subject === subject).sort((a, b) => a.version - b.version);
  if (all.length === 0) return missing(40401, `Subject '${subject}' not found.`);
  if (version === undefined) return found(all.map((schema) => schema.version));
  const one = version === 'latest' ? all.at(-1) : all.find((schema) => String(schema.version) === version);
  return one === undefined ? missing(40402, `Version ${version} not found.`) : found(one);
}

const READ_ONLY: Found = {
  status: 405,
  body: { error_code: 405, message: 'The schemas here are those of the release: none can be registered.' },
};

export function sendSchema(method: string | undefined, response: ServerResponse, answer: Found): void {
  const { status, body } = method === 'GET' || method === 'HEAD' ? answer : READ_ONLY;
  response
    .writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    .end(JSON.stringify(body));
}
