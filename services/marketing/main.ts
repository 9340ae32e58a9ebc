import type { Logger } from 'pino';

import type { HttpService } from '../../runtime/http/service.ts';
import { createMetrics, createRegistry } from '../../runtime/metrics/metrics.ts';
import type { MarketingConfig } from './config.ts';
import { marketingMetrics } from './metrics.ts';
import { marketingService } from './service.ts';
import { openSources } from './sources.ts';

export interface MarketingOptions {
  readonly config: MarketingConfig;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
}

/**
 * Serves the platform's query_marketing_callback out of ClickHouse and Kafka. It starts also while these are away, and is not
 * ready then.
 * @throws {OperatorError} when it may not start: no key, no such file, no place to listen
 */
export async function startMarketing(options: MarketingOptions): Promise<HttpService> {
  const registry = createRegistry();
  const metrics = createMetrics(registry, marketingMetrics);
  const serve = marketingService({ ...options, registry, metrics });
  const sources = openSources(options, metrics);
  try {
    const service = await serve(sources);
    await sources.ready;
    return {
      url: service.url,
      async stop(graceMs) {
        await service.stop(graceMs);
        await sources.close();
      },
    };
  } catch (error) {
    await sources.close();
    throw error;
  }
}
