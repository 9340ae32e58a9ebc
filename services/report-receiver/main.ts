import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';

import { takeRawBodies } from '../../runtime/http/raw-bodies.ts';
import { startHttpService, type HttpService } from '../../runtime/http/service.ts';
import { createRegistry } from '../../runtime/metrics/metrics.ts';
import { OperatorError } from '../../runtime/process/operator-error.ts';
import type { Parsed } from '../../runtime/process/settings.ts';
import { CODES, credentialsFile, REPORT_PATHS } from '../../schemas/report_api/index.ts';
import { BODY_BYTES } from './body.ts';
import type { receiverSettings } from './config.ts';
import { faultsSchema, mischief, type Faults } from './faults.ts';
import { openReceiptLog } from './receipt-log.ts';
import { takeReports, type RequestsOptions } from './requests.ts';

export interface ReceiverOptions {
  readonly config: Parsed<typeof receiverSettings>;
  readonly logger: Logger;
  /** ms since 1970 */
  readonly now: () => number;
}

/** A report API of one's own: strict, with a log of all requests, and failing as it is told. */
export async function startReceiver({ config, logger, now }: ReceiverOptions): Promise<HttpService> {
  const read = (file: string) => readFileSync(file, 'utf8');
  const { RECEIVER_CREDENTIALS: path, RECEIVER_FAULTS: faultsFile } = config;
  let current = mischief(faultsFile === undefined ? faultsSchema.parse({}) : faultsIn(faultsFile, read));
  const log = openReceiptLog(config.RECEIVER_LOG, config.RECEIVER_LOG_BYTES);
  const requests: RequestsOptions = {
    credentials: path === undefined ? undefined : credentialsFile('RECEIVER_CREDENTIALS', path),
    skew: config.RECEIVER_SKEW_S,
    mischief: () => current,
    log,
    now,
  };
  const service = await startHttpService({
    listen: config.RECEIVER_LISTEN,
    setting: 'RECEIVER_LISTEN',
    bodyBytes: BODY_BYTES,
    checks: {},
    metrics: createRegistry(),
    failure: ({ status, sentence }) => ({ status, body: { code: status, msg: sentence } }),
    logger,
    async routes(app) {
      await app.register((reports, _, done) => {
        takeRawBodies(reports);
        reports.post(REPORT_PATHS.report, takeReports('report', requests));
        reports.post(REPORT_PATHS['safe-report'], takeReports('safe-report', requests));
        done();
      });
      app.get('/faults', () => current.faults);
      app.put('/faults', async (request, reply) => {
        const told = faultsSchema.safeParse(request.body);
        if (!told.success) return reply.code(400).send({ code: CODES.invalid, msg: problems(told.error) });
        current = mischief(told.data);
        return current.faults;
      });
    },
  });
  return {
    url: service.url,
    async stop(graceMs) {
      await service.stop(graceMs);
      log.close();
    },
  };
}

function faultsIn(file: string, read: (file: string) => string): Faults {
  try {
    const told = faultsSchema.safeParse(JSON.parse(read(file)));
    if (told.success) return told.data;
    throw new OperatorError(`RECEIVER_FAULTS: ${file}: ${problems(told.error)}`);
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw new OperatorError(`RECEIVER_FAULTS: can't read JSON from ${file}`, { cause: error });
  }
}

const problems = ({
  issues,
}: {
  readonly issues: readonly { path: PropertyKey[]; message: string }[];
}): string => issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`).join('; ');
