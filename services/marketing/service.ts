import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

import { startHttpService, type HttpService } from '../../runtime/http/service.ts';
import type { Checks } from '../../runtime/http/health.ts';
import { checkOut, type CheckOutParts, type Outcome } from './check-out.ts';
import type { MarketingConfig } from './config.ts';
import type { MarketingMetrics } from './metrics.ts';
import { failureForm, refusalForms, refusalTable, type RefusalForms } from './refusals.ts';
import { queryReader } from './request/query.ts';
import { REQUEST_BOUNDS } from './request/rules.ts';
import { addRedemptionsRoute, type RedemptionRefusal, type RedemptionsParts } from './redemptions-route.ts';
import { requestLog, wordsOf, type Told } from './request-log.ts';
import { addMarketingRoute } from './route.ts';
import { secretIn } from './signature/files.ts';
import { notingReplays } from './signature/replays.ts';
import type { Verify } from './signature/signed-request.ts';
import { verification } from './signature/verification.ts';

export interface ServiceOptions {
  readonly config: MarketingConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly metrics: MarketingMetrics;
  /** ms since 1970 */
  readonly now: () => number;
}

/** Where the service has its knowledge from. */
export interface Sources extends Pick<CheckOutParts, 'lookUp' | 'age'> {
  /** Coupons that are used up, or are not after all. @returns those that were not so before */
  readonly redeem: RedemptionsParts['record'];
  readonly checks: Checks;
}

/**
 * The platform's query_marketing_callback, once all that is set for it has been read.
 * @returns serves it out of sources; rejects with an OperatorError when there is no place to listen
 * @throws {OperatorError} when it may not start: no key, no such file
 */
export function marketingService(options: ServiceOptions): (sources: Sources) => Promise<HttpService> {
  const { config, logger, metrics } = options;
  const forms = refusalForms(refusalTable(config), config.MARKETING_REFUSAL_STATUS === '200');
  const verify = verified(config, logger, metrics);
  const token = adminToken(config);
  return (sources) => serve(options, { forms, verify, token }, sources);
}

/** What files say. */
interface ReadFiles {
  readonly forms: RefusalForms;
  readonly verify: Verify;
  /** Of redemptions; undefined: there are none. */
  readonly token: string | undefined;
}

function serve(
  options: ServiceOptions,
  { forms, verify, token }: ReadFiles,
  sources: Sources,
): Promise<HttpService> {
  const { config, logger, metrics, now } = options;
  const decide = checkOut({
    verify,
    read: queryReader(config.MARKETING_VERSIONS),
    lookUp: sources.lookUp,
    budgetMs: config.MARKETING_BUDGET_MS,
    age: sources.age,
    staleMs: config.MARKETING_STALE_SECONDS * 1000,
    now,
  });
  return startHttpService({
    listen: config.MARKETING_LISTEN,
    setting: 'MARKETING_LISTEN',
    bodyBytes: REQUEST_BOUNDS.body,
    checks: sources.checks,
    metrics: options.registry,
    failure: failureForm(forms),
    logger,
    routes(app) {
      const refused = redemptionTeller(logger, metrics);
      const tell = teller(logger, metrics);
      addMarketingRoute(app, { path: config.MARKETING_PATH, decide, forms, age: sources.age, tell });
      if (token !== undefined) addRedemptionsRoute(app, { token, record: sources.redeem, refused });
    },
  });
}

const adminToken = ({ MARKETING_ADMIN_TOKEN_FILE: file }: MarketingConfig): string | undefined =>
  file === undefined ? undefined : secretIn(file, 'MARKETING_ADMIN_TOKEN_FILE');

function verified(config: MarketingConfig, logger: Logger, metrics: MarketingMetrics) {
  if (config.MARKETING_SIGNATURE === 'none')
    logger.warn({ alarm: true }, 'MARKETING_SIGNATURE=none: requests are not verified, anybody is answered');
  const skewMs = config.MARKETING_SKEW_SECONDS * 1000;
  return notingReplays(verification(config), skewMs, () => metrics.replays.inc());
}

/** Logs and counts what became of each request. */
function teller(logger: Logger, metrics: MarketingMetrics): (outcome: Outcome, told: Told) => void {
  const log = requestLog(logger);
  return (outcome, told) => {
    log(outcome, told);
    if (outcome.kind === 'refused') metrics.refusals.inc({ kind: outcome.refusal.kind });
    else metrics.answers.inc({ outcome: outcome.kind });
    if (outcome.kind === 'offered') metrics.unknownBatches.inc(outcome.answer.offers.unknown.length);
  };
}

/** Logs and counts redemptions that are refused. */
function redemptionTeller(logger: Logger, metrics: MarketingMetrics): (refusal: RedemptionRefusal) => void {
  return ({ kind, reason }) => {
    metrics.refusals.inc({ kind });
    const line = { step: 'redeem', refusal: kind };
    if (kind === 'not_stored')
      logger.error(
        { ...line, error: wordsOf(reason) },
        'a redemption was not stored: its sender was told to try again',
      );
    else logger.warn({ ...line, reason }, 'refused');
  };
}
