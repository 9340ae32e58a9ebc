// A date years ahead is a mistake; after this time it does no harm to ask again.
const MOST_MS = 3_600_000;

/**
 * How long a `Retry-After` header asks to wait.
 * @param header seconds, or an HTTP date
 * @param now ms since 1970
 * @returns ms, at most an hour; undefined: it says nothing that can be understood
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), MOST_MS);
}
