import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What the data centre issued for one mini program. */
export interface Credential {
  readonly appId: string;
  /** A key that neither prints nor becomes JSON; absent where only the unsigned endpoint is used. */
  readonly secret: KeyObject | undefined;
}

/** By WeChat app_id; `*` stands for every other. */
export type Credentials = ReadonlyMap<string, Credential>;

/** The key under which a credential counts for every WeChat app_id that has none of its own. */
export const ANY_APP = '*';

/** The credentials can't be used; the message names the file, the place and the rule, and holds no secret. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
}

const text = z.string('must be a string').min(1, 'must not be empty');
const entry = z
  .strictObject(
    { app_id: text, app_secret: text.optional(), app_secret_file: text.optional() },
    {
      error: ({ code, keys }) =>
        code === 'unrecognized_keys'
          ? `must not have ${keys.join(', ')}`
          : 'must be {"app_id", "app_secret" or "app_secret_file"}',
    },
  )
  .refine((one) => one.app_secret === undefined || one.app_secret_file === undefined, {
    message: 'must have app_secret or app_secret_file, not both',
  });

/** `{"<WeChat app_id>" or "*": {"app_id", "app_secret" or "app_secret_file"}}` */
const file = z
  .record(
    z.string().min(1, 'a WeChat app_id must not be empty'),
    entry,
    'must be an object of {"app_id", "app_secret" or "app_secret_file"} by WeChat app_id',
  )
  .refine((apps) => Object.keys(apps).length > 0, 'must name at least one app');

/**
 * Reads credentials from a JSON file.
 * @param read gives the text of a file; it throws if it can't. A secret's file is read through it too, by the path that
 *   the entry names; its surrounding white space is no part of the secret.
 * @throws {CredentialsError}
 */
export function readCredentials(path: string, read: (path: string) => string): Credentials {
  const result = file.safeParse(jsonOf(path, readable(path, path, read)));
  if (!result.success)
    throw new CredentialsError(result.error.issues.map((one) => told(path, one)).join('\n'));
  return new Map(
    Object.entries(result.data).map(([app, { app_id: appId, app_secret, app_secret_file }]) => {
      const place = `${path}: ${app}.app_secret_file`;
      const secret =
        app_secret_file === undefined ? app_secret : secretIn(place, readable(place, app_secret_file, read));
      return [app, { appId, secret: secret === undefined ? undefined : createSecretKey(secret, 'utf8') }];
    }),
  );
}

/** The credentials in the file that a setting names. @throws {CredentialsError} it names the setting too */
export function credentialsFile(setting: string, path: string): Credentials {
  try {
    return readCredentials(path, (file) => readFileSync(file, 'utf8'));
  } catch (error) {
    throw error instanceof CredentialsError ? new CredentialsError(`${setting}: ${error.message}`) : error;
  }
}

/** The credential of a mini program, by its WeChat app_id. */
export function credentialOf(credentials: Credentials, wechatAppId: string): Credential | undefined {
  return credentials.get(wechatAppId) ?? credentials.get(ANY_APP);
}

/** Whether the events of a mini program may come with this issued app_id. @param wechatAppId the mini program's */
export function covers(credentials: Credentials, appId: string, wechatAppId: string): boolean {
  return credentialOf(credentials, wechatAppId)?.appId === appId;
}

/** The credential with this issued app_id. */
export function issuedCredential(credentials: Credentials, appId: string): Credential | undefined {
  for (const credential of credentials.values()) if (credential.appId === appId) return credential;
  return undefined;
}

function readable(place: string, path: string, read: (path: string) => string): string {
  try {
    return read(path);
  } catch {
    throw new CredentialsError(`${place}: can't read the file${place === path ? '' : ` ${path}`}`);
  }
}

/** What JSON.parse says holds a piece of the text, and so perhaps of a secret. */
function jsonOf(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    throw new CredentialsError(`${path}: must be JSON`);
  }
}

function secretIn(place: string, content: string): string {
  const secret = content.trim();
  if (secret === '') throw new CredentialsError(`${place}: the file must not be empty`);
  return secret;
}

function told(path: string, issue: z.core.$ZodIssue): string {
  const at = issue.path.map(String).join('.');
  return `${path}: ${at === '' ? '' : `${at}: `}${issue.message}`;
}
