import { z } from 'zod';
import { WRITER_SCHEMAS } from './versions.ts';

/** Global `fetch`, or one that stands in its place. */
export type Fetch = typeof globalThis.fetch;

export interface RegistryOptions {
  /** Such as `http://127.0.0.1:8085`. */
  readonly url: string;
  readonly fetch?: Fetch;
  /** How long one request may take, ms; default 5,000. */
  readonly timeoutMs?: number;
}

/** A schema registry that speaks Confluent's REST API. */
export interface Registry {
  /**
   * The text of the Avro schema with this id; undefined if the registry has none of this id, or it is no Avro schema.
   * @throws {RegistryError} on every other answer, and on none: the caller may try again.
   */
  schema(id: number): Promise<string | undefined>;
  /**
   * Registers a schema, or finds it registered; returns its id.
   * @throws {RegistryError}
   */
  register(subject: string, schema: string): Promise<number>;
  /** The text of the newest schema of a subject; undefined if it has none. @throws {RegistryError} */
  latest(subject: string): Promise<string | undefined>;
}

/** The registry did not answer, or not as a registry does. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

const SCHEMA = z.object({ schema: z.string(), schemaType: z.string().optional() });
const REGISTERED = z.object({ id: z.int().nonnegative() });
const REFUSED = z.object({ error_code: z.int(), message: z.string().optional() });
const SUBJECT_NOT_FOUND = 40401;
const SCHEMA_NOT_FOUND = 40403;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

/** The client of a schema registry; it keeps nothing. */
export function registryClient({
  url,
  fetch = globalThis.fetch,
  timeoutMs = 5000,
}: RegistryOptions): Registry {
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const request = { ...init, signal: AbortSignal.timeout(timeoutMs) };
    try {
      const response = await fetch(`${url}${path}`, request);
      return { path, status: response.status, body: await response.json() };
    } catch (cause) {
      throw new RegistryError(`schema registry: no answer to ${path}`, { cause });
    }
  };
  return {
    schema: async (id) => schemaOf(await ask(`/schemas/ids/${id}`, { headers: { accept: MEDIA_TYPE } })),
    register: async (subject, schema) => {
      const headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE };
      const body = JSON.stringify({ schema });
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      return checked(REGISTERED, await ask(path, { method: 'POST', headers, body })).id;
    },
    latest: async (subject) => {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/latest`;
      return schemaOf(await ask(path, { headers: { accept: MEDIA_TYPE } }));
    },
  };
}

interface Answer {
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

function schemaOf(answer: Answer): string | undefined {
  const refused = REFUSED.safeParse(answer.body);
  const code = refused.data?.error_code;
  if (answer.status === 404 && (code === SCHEMA_NOT_FOUND || code === SUBJECT_NOT_FOUND)) return undefined;
  const { schema, schemaType = 'AVRO' } = checked(SCHEMA, answer);
  return schemaType === 'AVRO' ? schema : undefined;
}

function checked<T>(shape: z.ZodType<T>, { path, status, body }: Answer): T {
  const result = status === 200 ? shape.safeParse(body) : undefined;
  if (result?.success === true) return result.data;
  const refused = REFUSED.safeParse(body).data;
  const reason = refused === undefined ? '' : `: ${refused.error_code} ${refused.message ?? ''}`;
  throw new RegistryError(`schema registry: status ${status} to ${path}${reason}`);
}

/** A schema as a registry lists it. */
export interface RegisteredSchema {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
}

/** The subject of the values of `topic`. */
export function valueSubject(topic: string): string {
  return `${topic}-value`;
}

/** What a registry of the event's own schemas serves: each version under the id that is made from it. */
export function embeddedRegistry(topic = 'coupon_order.v1'): RegisteredSchema[] {
  const subject = valueSubject(topic);
  return WRITER_SCHEMAS.map(({ version, id, text }) => ({ subject, version, id, schema: text }));
}
