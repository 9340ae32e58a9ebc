/** Why a body is no JSON text. */
export type Unreadable = 'encrypted' | 'no_json';

export type Body =
  | { readonly readable: true; readonly reports: readonly unknown[] }
  | { readonly readable: false; readonly reason: Unreadable };

/** What a client says of its body, beside the body. */
export interface BodyHeaders {
  readonly contentType: string | undefined;
  /** The key of a body that is encrypted with it: it travels along. */
  readonly encryptingKey: string | undefined;
}

/** The reports of a body: the elements of an array, else the one that it is. Its content type decides nothing. */
export function readBody(bytes: Buffer, headers: BodyHeaders): Body {
  try {
    const value = jsonIn(bytes);
    return { readable: true, reports: Array.isArray(value) ? value : [value] };
  } catch {
    return { readable: false, reason: isEncrypted(headers) ? 'encrypted' : 'no_json' };
  }
}

/** The JSON value of a body; some programs begin it with a byte order mark. @throws {SyntaxError | TypeError} if it is none */
export const jsonIn = (bytes: Buffer): unknown => JSON.parse(utf8.decode(bytes));

// Another encoding, read as this one, would be other texts: an order_id that is not the merchant's.
const utf8 = new TextDecoder('utf-8', { fatal: true });

// Source: what sr-sdk-wxapp sends with `encrypt: true`.
const isEncrypted = ({ contentType = '', encryptingKey }: BodyHeaders): boolean =>
  encryptingKey !== undefined || contentType.startsWith('application/x-sr-encrypted');
