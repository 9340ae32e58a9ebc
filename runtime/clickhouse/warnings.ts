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
      // Each request has a deadline of its own: what the library says of its settings is nothing that an operator can mend.
      if (module === 'Config') return;
      logger?.warn({ module }, message);
    }
  };
}
