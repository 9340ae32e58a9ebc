import { pino, type Logger } from 'pino';

import { EXIT } from './failure.ts';
import type { Io } from './io.ts';

/** A service that runs. */
export interface Served {
  /** Where it listens. */
  readonly url: string;
  stop(graceMs: number): Promise<void>;
}

// Leaves two of the ten seconds of a polite stop to closing connections.
const GRACE_MS = 8000;

/**
 * Runs a service until SIGINT or SIGTERM, and lets requests in flight finish. When it serves, standard output says
 * `ready: <name> at <url>`.
 * @param start its logger writes to standard error, as LOG_LEVEL says
 * @returns the exit code
 */
export async function serve(
  name: string,
  { env, stdout }: Io,
  start: (logger: Logger) => Promise<Served>,
): Promise<number> {
  const logger = pino(
    { level: env['LOG_LEVEL'] || 'info', base: { service: name } },
    pino.destination({ dest: 2, sync: true }),
  );
  const stopping = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const service = await start(logger);
  stdout.write(`ready: ${name} at ${service.url}\n`);
  logger.info({ url: service.url }, 'ready');
  await stopping;
  await service.stop(GRACE_MS);
  return EXIT.done;
}
