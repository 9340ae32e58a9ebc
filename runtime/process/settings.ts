import { z } from 'zod';

/** One setting: read from the environment variable of its name. */
export interface Setting<T> {
  /** The value when the variable is unset or empty, as it would be written in the environment; absent: optional. */
  readonly default?: string;
  /** One sentence for `kaquan config`, with the unit. */
  readonly help: string;
  /** Parses the text of the variable. */
  readonly schema: z.ZodType<T, string>;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

type Value<S> =
  S extends Setting<infer T> ? (S extends { readonly default: string } ? T : T | undefined) : never;

export type Parsed<D extends Settings> = { readonly [K in keyof D]: Value<D[K]> };

/** Thrown when the environment breaks a setting's rule: every broken one is named, with its rule, never with a secret's value. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the settings that `definitions` names from `env`.
 * @throws {SettingsError} all broken settings at once.
 */
export function parseSettings<D extends Settings>(
  definitions: D,
  env: Readonly<Record<string, string | undefined>>,
): Parsed<D> {
  const parsed: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(definitions)) {
    const text = env[name] || setting.default;
    if (text === undefined) {
      parsed[name] = undefined;
      continue;
    }
    const result = setting.schema.safeParse(text);
    if (result.success) parsed[name] = result.data;
    else problems.push(`${name}: ${result.error.issues.map((issue) => issue.message).join('; ')}`);
  }
  if (problems.length > 0) throw new SettingsError(problems.join('\n'));
  return parsed as Parsed<D>;
}

const bounded = (min: number, max: number, kind: string) => (value: number) =>
  Number.isFinite(value) && value >= min && value <= max
    ? undefined
    : `must be ${kind} from ${min} to ${max}`;

/** A whole number from `min` to `max`. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
    const problem = bounded(min, max, 'a whole number')(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return value;
  });
}

/** A number from `min` to `max`. */
export function decimal(min: number, max: number): z.ZodType<number, string> {
  return z.string().transform((text, context) => {
    const value = Number(text);
    const problem = bounded(min, max, 'a number')(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    return value;
  });
}

/** A comma-separated list with at least one element. */
export const list: z.ZodType<string[], string> = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .refine((parts) => parts.length > 0, 'must name at least one');

/** An http(s) URL, without a trailing slash. */
export const httpUrl: z.ZodType<string, string> = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be an http:// or https:// URL',
  )
  .transform((text) => text.replace(/\/+$/, ''));

/** An IANA time zone such as `Asia/Shanghai`. */
export const timeZone: z.ZodType<string, string> = z.string().refine((text) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return /^[A-Za-z0-9_+/-]+$/.test(text);
  } catch {
    return false;
  }
}, 'must be an IANA time zone such as Asia/Shanghai');

export const text: z.ZodType<string, string> = z.string();
