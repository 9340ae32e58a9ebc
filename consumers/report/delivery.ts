import { OperatorError } from '../../runtime/process/operator-error.ts';
import { credentialOf, type Credential, type Credentials } from '../../schemas/report_api/index.ts';
import type { Logger } from 'pino';

import { Destination, type Decision, type DestinationOptions } from './destination.ts';
import type { Outgoing } from './judge.ts';
import type { Pace } from './pace.ts';

/** What became of one event. */
export interface Sent {
  readonly event: Outgoing;
  /** `destination_refused`: its app may not report, or has no credentials. */
  readonly outcome: 'accepted' | 'refused' | 'destination_refused';
  /** Requests that it was in. */
  readonly attempts: number;
  /** HTTP status and body code of the last answer; 0: there was none. */
  readonly status: number;
  readonly code: number;
  /** The API's own words. */
  readonly msg: string;
}

export interface DeliveriesOptions extends DestinationOptions {
  readonly credentials: Credentials;
  /** Sends the specification's single object instead of an array. */
  readonly isSingle: boolean;
  readonly logger: Logger;
}

/** Brings events of one app to the API. */
export interface Deliveries {
  /**
   * Sends events of one app together; if they are refused, the halves of them one after the other, until each offender is
   * alone. The order of what is accepted is kept. @returns what became of each, in order
   * @throws {OperatorError} when no app may report any more
   */
  readonly deliver: (events: readonly Outgoing[], pace: Pace, signal: AbortSignal) => Promise<Sent[]>;
}

const NO_CREDENTIALS = {
  outcome: 'destination_refused',
  attempts: 0,
  status: 0,
  code: 0,
  msg: 'no credentials',
} as const;

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { credentials, logger } = options;
  const destinations = new Map<string, Destination>();
  for (const credential of credentials.values()) {
    if (!destinations.has(credential.appId))
      destinations.set(credential.appId, new Destination(credential, options));
  }
  const alarm = alarms(logger);
  return {
    async deliver(events, pace, signal) {
      const app = events[0]?.appId ?? '';
      const credential = credentialOf(credentials, app);
      const destination = credential && destinations.get(credential.appId);
      if (credential === undefined || destination === undefined) {
        alarm(app, 'no credentials for this app: its events become dead letters');
        return events.map((event) => ({ event, ...NO_CREDENTIALS }));
      }
      const sent = await halved(events, (part) => ask(options, destination, part, pace, signal), 0);
      if (destination.isRefused) refused(app, credential);
      return sent;
    },
  };

  function refused(app: string, { appId }: Credential): void {
    if ([...destinations.values()].every((one) => one.isRefused)) throw new NoAppAllowedError(appId);
    alarm(app, 'the report API does not allow this app: its events become dead letters');
  }
}

/** The API allows none of our apps. */
export class NoAppAllowedError extends OperatorError {
  override readonly name = 'NoAppAllowedError';

  constructor(appId: string) {
    super(
      `the report API allows no app that REPORT_CREDENTIALS names (${appId} was the last): stopped before more events become dead ` +
        'letters. Mend REPORT_URL, REPORT_MODE or REPORT_CREDENTIALS, then start again.',
    );
  }
}

async function ask(
  { isSingle }: DeliveriesOptions,
  destination: Destination,
  events: readonly Outgoing[],
  pace: Pace,
  signal: AbortSignal,
): Promise<Decision> {
  const bodies = events.map(({ body }) => body);
  const body = isSingle ? Buffer.concat(bodies) : jsonArray(bodies);
  return destination.ask(body, events.length, pace, signal);
}

const [BRACKET, COMMA, BRACKET_END] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')] as const;

const jsonArray = (elements: readonly Buffer[]): Buffer =>
  Buffer.concat([
    ...elements.flatMap((element, index) => [index === 0 ? BRACKET : COMMA, element]),
    BRACKET_END,
  ]);

async function halved(
  events: readonly Outgoing[],
  ask: (part: readonly Outgoing[]) => Promise<Decision>,
  before: number,
): Promise<Sent[]> {
  const { meaning, answer, attempts } = await ask(events);
  const all = before + attempts;
  if (meaning === 'refused' && events.length > 1) {
    const middle = events.length >> 1;
    const left = await halved(events.slice(0, middle), ask, all);
    return [...left, ...(await halved(events.slice(middle), ask, all))];
  }
  const outcome = meaning === 'not_allowed' ? 'destination_refused' : meaning;
  const { status = 0, code = 0, msg = '' } = answer ?? {};
  return events.map((event) => ({ event, outcome, attempts: all, status, code, msg }));
}

const ALARM_EVERY = 1000;

/** Names an app at its first letter, and now and then. */
function alarms(logger: Logger): (app: string, sentence: string) => void {
  const counts = new Map<string, number>();
  return (app, sentence) => {
    const count = counts.get(app) ?? 0;
    counts.set(app, count + 1);
    if (count % ALARM_EVERY === 0) logger.error({ alarm: true, app }, sentence);
  };
}
