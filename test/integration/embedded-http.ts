import { execFileSync } from 'node:child_process';

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

export type Ask = (
  parameters: Readonly<Record<string, string>>,
  body?: string | Uint8Array,
  headers?: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** Bare requests to a ClickHouse, as a user with a password equal to its name. */
export function asking(url: string, user: string): Ask {
  return async (parameters, body, headers = {}) => {
    const response = await fetch(`${url}/?${new URLSearchParams(parameters).toString()}`, {
      method: 'POST',
      headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': user, ...headers },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
}

/** What curl prints. */
export const curl = (args: readonly string[], input?: string | Buffer): string =>
  execFileSync('curl', ['-sS', ...args], {
    ...(input !== undefined && { input }),
    maxBuffer: 1 << 28,
  }).toString();

/** Waits until `condition` gives a value, asking again and again; fails after `timeoutMs`. */
export async function until<T>(
  condition: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
