import type { Logger as ClientLogger } from '@clickhouse/client';
import type { Logger } from 'pino';

const ignore = (): void => undefined;

/**
 * The client library's warnings, as lines of our log. Its arguments may quote a query and its errors are thrown to
 * the caller anyway: both stay out.
 */
export function warningsTo(logger: Pick<Logger, 'warn'> | undefined): new () => ClientLogger {
  return class implements ClientLogger {
    trace = ignore;
    debug = ignore;
    info = ignore;
    error = ignore;
    warn({ module, message }: { module: string; message: string }): void {
      logger?.warn({ module }, message);
    }
  };
}
