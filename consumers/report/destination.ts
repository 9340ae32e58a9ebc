import { setImmediate, setTimeout as pause } from 'node:timers/promises';

import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
  retry,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import type { Logger } from 'pino';

import { meaningOf } from '../../domain/report/answers.ts';
import { duration } from '../../runtime/process/duration.ts';
import type { Waiting, Waits } from '../../runtime/process/waits.ts';
import type { Credential } from '../../schemas/report_api/index.ts';
import { jittered, pauses, type Patience } from './backoff.ts';
import type { Answer, ReportClient } from './client.ts';
import type { Pace } from './pace.ts';

export interface DestinationOptions {
  readonly client: ReportClient;
  readonly patience: Patience;
  readonly retryCodes: ReadonlySet<number>;
  /** ms since 1970 */
  readonly now: () => number;
  /** From 0 to before 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly waits: Waits;
  /** Told that a request decided nothing. */
  readonly onRetry?: (app: string) => void;
  /** Told that an app sends nothing, because its last requests failed, or sends again. */
  readonly onBreaker?: (app: string, isOpen: boolean) => void;
}

/** What decided about a request, and how often it was sent. */
export interface Decision {
  readonly meaning: 'accepted' | 'refused' | 'not_allowed';
  /** What decided; of a request that was not sent, what the API said of its app before. */
  readonly answer: Answer;
  readonly attempts: number;
}

const NOT_ALLOWED_ATTEMPTS = 3;
// An app that was not allowed is tried once more after this time.
const NOT_ALLOWED_MS = 60_000;
const FAILURES_TO_BREAK = 5;

/** An answer that says nothing about the events of its request. */
class UndecidedError extends Error {
  override readonly name = 'UndecidedError';

  constructor(answer: Answer) {
    super(sentenceOf(answer));
  }
}

class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`it answers with status ${answer.status}`);
    this.answer = answer;
  }
}

function sentenceOf({ status, code, retryAfterMs, location }: Answer): string {
  const says = `it answers with status ${status}`;
  if (retryAfterMs !== undefined) return `${says} and asks for a pause of ${duration(retryAfterMs)}`;
  if (location !== undefined)
    return `${says}, a redirection to ${location}, which is not followed: REPORT_URL must name the API itself`;
  if (status >= 400) return says;
  if (code !== undefined) return `${says} and code ${code}, which REPORT_RETRY_CODES names`;
  return `${says}, but its body is not {"code", "msg"}: does REPORT_URL name the report API?`;
}

/** One app at the API: how it is reached, and whether it may report. All partitions share it. */
export class Destination {
  readonly #options: DestinationOptions;
  readonly #credential: Credential;
  readonly #breaker: CircuitBreakerPolicy;
  /** Before then nothing is sent, because the API asked for it; ms since 1970. */
  #notBefore = 0;
  /** What the API said last, and when, ms since 1970, if it was that this app may not report. */
  #refusal: { readonly answer: Answer; readonly at: number } | undefined;
  #isAllowed = false;
  /** Why the last request was not decided about. */
  #trouble = 'it failed several times in a row';

  constructor(credential: Credential, options: DestinationOptions) {
    this.#options = options;
    this.#credential = credential;
    this.#breaker = circuitBreaker(
      handleWhen((error) => !(error instanceof NotAllowedError)),
      { halfOpenAfter: jittered(options.patience), breaker: new ConsecutiveBreaker(FAILURES_TO_BREAK) },
    );
    this.#breaker.onStateChange((state) =>
      options.onBreaker?.(credential.appId, state === CircuitState.Open),
    );
  }

  /** Whether the API has said, more than once, that this app may not report. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  /** Whether its last answer came from an API that lets it report. */
  get isAllowed(): boolean {
    return this.#isAllowed;
  }

  /**
   * Sends a body until an answer decides about it; it waits for ever for one.
   * @param events how many the body has
   * @throws when `signal` is aborted; what is on its way then is waited for, and may still decide
   */
  async ask(body: Buffer, events: number, pace: Pace, signal: AbortSignal): Promise<Decision> {
    const { now } = this.#options;
    if (this.#refusal !== undefined && now() - this.#refusal.at < NOT_ALLOWED_MS)
      return { meaning: 'not_allowed', answer: this.#refusal.answer, attempts: 0 };
    const request: Request = { attempts: 0, sending: Promise.resolve(), waiting: undefined };
    try {
      const answer = await unlessAborted(
        this.#untilDecided(body, events, pace, request, signal),
        request,
        signal,
      );
      this.#refusal = undefined;
      this.#isAllowed = true;
      const meaning = answer.meaning === 'accepted' ? 'accepted' : 'refused';
      return { meaning, answer, attempts: request.attempts };
    } catch (error) {
      if (!(error instanceof NotAllowedError)) throw error;
      this.#refusal = { answer: error.answer, at: now() };
      this.#isAllowed = false;
      return { meaning: 'not_allowed', answer: error.answer, attempts: request.attempts };
    } finally {
      request.waiting?.end();
    }
  }

  /** Until the limit lets a request go, nothing is waited for that anybody could mend. */
  #waiting(request: Request): Waiting {
    const on = `the report API (app ${this.#credential.appId})`;
    return (request.waiting ??= this.#options.waits.expect(on, 'it has not answered yet'));
  }

  async #untilDecided(
    body: Buffer,
    events: number,
    pace: Pace,
    request: Request,
    signal: AbortSignal,
  ): Promise<Decided> {
    const isWorthAnother = (error: Error): boolean =>
      !(error instanceof NotAllowedError) || (!this.isRefused && request.attempts < NOT_ALLOWED_ATTEMPTS);
    const policy = retry(handleWhen(isWorthAnother), {
      maxAttempts: Number.POSITIVE_INFINITY,
      backoff: pauses(this.#options.patience, this.#options.random),
    }).dangerouslyUnref();
    policy.onFailure(({ reason }) => {
      if ('error' in reason && !signal.aborted) this.#tell(reason.error, request);
    });
    return policy.execute(() => {
      signal.throwIfAborted();
      return this.#breaker.execute(async () => {
        await this.#clearance(events, pace, request, signal);
        request.attempts += 1;
        const sent = this.#send(body);
        request.sending = sent.then(
          () => undefined,
          () => undefined,
        );
        return sent;
      });
    }, signal);
  }

  async #send(body: Buffer): Promise<Decided> {
    const { client, retryCodes, now } = this.#options;
    const answer = await client.send(body, this.#credential);
    const meaning = meaningOf(answer.status, answer.code, retryCodes);
    if (meaning === 'not_allowed') throw new NotAllowedError(answer);
    if (meaning !== 'again') return { ...answer, meaning };
    if (answer.retryAfterMs !== undefined)
      this.#notBefore = Math.max(this.#notBefore, now() + answer.retryAfterMs);
    throw new UndecidedError(answer);
  }

  /** Resolves when the API wants to be asked again and the limit lets the events through. */
  async #clearance(events: number, pace: Pace, request: Request, signal: AbortSignal): Promise<void> {
    const { now, random, patience } = this.#options;
    for (let left = this.#notBefore - now(); left > 0; left = this.#notBefore - now()) {
      signal.throwIfAborted();
      this.#waiting(request).because(this.#trouble);
      await pause(left + random() * Math.min(left, patience.firstMs), undefined, { signal });
    }
    await pace.clearance(events);
    signal.throwIfAborted();
    this.#waiting(request);
  }

  #tell(error: Error, request: Request): void {
    if (!(error instanceof BrokenCircuitError)) {
      this.#trouble = troubleOf(error);
      const fields = { app: this.#credential.appId, attempt: request.attempts, error: error.message };
      this.#options.onRetry?.(this.#credential.appId);
      this.#options.logger.debug(fields, 'the report API did not take events; trying again');
    }
    this.#waiting(request).because(this.#trouble);
  }
}

function troubleOf(error: Error): string {
  if (error instanceof UndecidedError || error instanceof NotAllowedError) return error.message;
  if (error.name === 'TimeoutError') return 'it does not answer within REPORT_TIMEOUT_MS';
  return `it does not answer: ${error.message || error.name}`;
}

type Decided = Answer & { readonly meaning: 'accepted' | 'refused' };

interface Request {
  waiting: Waiting | undefined;
  attempts: number;
  /** Settles when what is on its way has come back. */
  sending: Promise<void>;
}

/** The library's pauses can't be cut short; and an answer that is on its way must not be lost. */
async function unlessAborted<T>(work: Promise<T>, request: Request, signal: AbortSignal): Promise<T> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    if (signal.aborted) resolve();
    signal.addEventListener('abort', stop);
  }).then(async () => {
    await request.sending;
    await setImmediate();
    throw signal.reason;
  });
  // Whichever comes second is nobody's concern.
  aborted.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener('abort', stop);
  }
}
