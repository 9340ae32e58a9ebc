import { RateLimiter } from 'limiter';

import { RefusedError } from '../../runtime/http/failures.ts';
import { CODES, type Credentials, type ReportMode } from '../../schemas/report_api/index.ts';
import { DeliveryError, ProducerClosedError } from '../delivery/errors.ts';
import { readBody, type BodyHeaders, type Unreadable } from './body.ts';
import { callerOf, type Caller } from './caller.ts';
import { invalidLetter, unreadableLetter } from './dead-letters.ts';
import { judge, type Judgement } from './judgement.ts';
import type { CollectorMetrics } from './metrics.ts';
import { Nonces } from './nonces.ts';
import type { CollectorConfig, Publication } from './publication.ts';
import { refusalOf, type Refusal, type Taken, TAKEN } from './answers.ts';

/** A request to one of the two endpoints. */
export interface ReportRequest extends BodyHeaders {
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export interface IntakeOptions {
  readonly config: CollectorConfig;
  readonly credentials: Credentials | undefined;
  readonly publication: Pick<Publication, 'deadline' | 'ready' | 'publish'>;
  readonly metrics: CollectorMetrics;
  /** ms since 1970 */
  readonly now: () => number;
}

/** When a client may try again that was told 503 or 429, seconds. */
export const RETRY_AFTER_S = 5;

/** What the two endpoints do with a request. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #nonces: Nonces | undefined;
  readonly #unreadable: RateLimiter;

  constructor(options: IntakeOptions) {
    const { COLLECTOR_NONCE_CHECK, COLLECTOR_SKEW_S, COLLECTOR_UNREADABLE_RATE } = options.config;
    this.#options = options;
    this.#nonces = COLLECTOR_NONCE_CHECK ? new Nonces(COLLECTOR_SKEW_S) : undefined;
    this.#unreadable = new RateLimiter({ tokensPerInterval: COLLECTOR_UNREADABLE_RATE, interval: 'second' });
  }

  /**
   * Takes a request in; resolves when Kafka has acknowledged all that became of it.
   * @returns code 0, or on the signed endpoint what is wrong with which report; then nothing is published
   * @throws {RefusedError} a check of the query failed, or Kafka did not acknowledge: send the same again
   */
  async take(mode: ReportMode, request: ReportRequest): Promise<Taken | Refusal> {
    const { config, credentials, now } = this.#options;
    const rules = { credentials, skew: config.COLLECTOR_SKEW_S };
    const caller = callerOf(request.query, mode, rules, Math.floor(now() / 1000));
    const take = () => this.#takeFrom(caller, mode, request);
    return this.#nonces === undefined ? take() : this.#nonces.once(caller, take);
  }

  async #takeFrom(caller: Caller, mode: ReportMode, request: ReportRequest): Promise<Taken | Refusal> {
    const { config, publication } = this.#options;
    const deadline = publication.deadline();
    try {
      const encoding = await publication.ready(deadline);
      const body = readBody(request.body, request);
      if (!body.readable) return await this.#takeUnreadable(caller, mode, request, body.reason, deadline);
      if (body.reports.length > config.COLLECTOR_ARRAY_MAX) throw tooMany(config.COLLECTOR_ARRAY_MAX);
      const judgement = judge(body.reports, encoding, caller.mayReport);
      return await this.#takeReports(caller, mode, request, judgement, deadline);
    } catch (error) {
      throw error instanceof DeliveryError || error instanceof ProducerClosedError ? unavailable() : error;
    }
  }

  async #takeReports(
    { appId }: Caller,
    mode: ReportMode,
    { body }: ReportRequest,
    { records, invalid, ignored }: Judgement,
    deadline: number,
  ): Promise<Taken | Refusal> {
    const { publication, now } = this.#options;
    if (mode === 'safe-report' && invalid.length > 0) {
      this.#count(mode, { refused: records.length + invalid.length, ignored });
      return refusalOf(invalid);
    }
    const arrival = { appId, at: now() };
    const letters = invalid.map((one) => invalidLetter(one, body, arrival));
    await publication.publish({ records, letters }, deadline);
    this.#count(mode, { accepted: records.length, dead_lettered: letters.length, ignored });
    return TAKEN;
  }

  async #takeUnreadable(
    { appId }: Caller,
    mode: ReportMode,
    request: ReportRequest,
    reason: Unreadable,
    deadline: number,
  ): Promise<Taken> {
    const { publication, metrics, now } = this.#options;
    const count = (outcome: string) => metrics.unreadable.inc({ endpoint: mode, outcome });
    if (mode === 'safe-report') {
      count('refused');
      throw new RefusedError(CODES.invalid, SENTENCES[reason]);
    }
    if (!this.#unreadable.tryRemoveTokens(1)) {
      count('limited');
      throw new RefusedError(CODES.tooMany, `too many bodies that can't be read`, RETRY_AFTER_S);
    }
    const letter = unreadableLetter(request.body, reason, request, { appId, at: now() });
    await publication.publish({ records: [], letters: [letter] }, deadline);
    count('dead_lettered');
    return TAKEN;
  }

  #count(endpoint: ReportMode, outcomes: Readonly<Record<string, number>>): void {
    for (const [outcome, events] of Object.entries(outcomes)) {
      if (events > 0) this.#options.metrics.events.inc({ endpoint, outcome }, events);
    }
  }
}

const SENTENCES: Readonly<Record<Unreadable, string>> = {
  encrypted: 'the body is encrypted: send it as JSON',
  no_json: 'the body is no JSON in UTF-8',
};

const tooMany = (most: number): RefusedError =>
  new RefusedError(CODES.tooLarge, `an array may have at most ${most} events`);

const unavailable = (): RefusedError =>
  new RefusedError(
    CODES.unavailable,
    'Kafka did not acknowledge in time; send the same again later',
    RETRY_AFTER_S,
  );
