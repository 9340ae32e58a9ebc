/**
 * What an answer of the report API means for the events of its request:
 * - `accepted`: all of them are taken;
 * - `again`: nothing is said about them;
 * - `not_allowed`: their app may not report;
 * - `refused`: at least one of them is refused.
 */
export type Meaning = 'accepted' | 'again' | 'not_allowed' | 'refused';

const AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);
const REFUSED: ReadonlySet<number> = new Set([400, 413, 422]);

/**
 * The classification of answers. 有数 documents only that 200 with code 0 is success and any other code the client's error.
 * @param code the body's; undefined: the body holds none, so that nothing is said about the events
 * @param retryCodes codes that ask to be tried again; 有数 publishes none
 */
export function meaningOf(
  status: number,
  code: number | undefined,
  retryCodes: ReadonlySet<number> = new Set(),
): Meaning {
  if (status >= 200 && status < 300) {
    if (code === undefined || retryCodes.has(code)) return 'again';
    return code === 0 ? 'accepted' : 'refused';
  }
  if (REFUSED.has(status)) return code !== undefined && retryCodes.has(code) ? 'again' : 'refused';
  // Redirects and the server's own errors say nothing; every other 4xx is about who asks, and where.
  return status < 400 || status >= 500 || AGAIN.has(status) ? 'again' : 'not_allowed';
}
