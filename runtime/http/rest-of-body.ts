import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream/promises';

const PATIENCE_MS = 5000;

/**
 * Reads what a client still sends of a body that nobody wants, and keeps nothing of it: one whose connection is closed while
 * it sends does not get to read the answer. Resolves after five seconds at the latest.
 */
export async function discardRest(request: IncomingMessage): Promise<void> {
  await finished(request.resume(), { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
}
