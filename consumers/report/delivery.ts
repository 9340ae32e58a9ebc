import { OperatorError } from '../../runtime/process/operator-error.ts';
import { credentialOf, type Credential, type Credentials } from '../../schemas/report_api/index.ts';
import type { Logger } from 'pino';

import { Destination, type Decision, type DestinationOptions } from './destination.ts';
import type { Outgoing } from './judge.ts';
import type { Pace } from './pace.ts';

/** What became of events that were sent together. */
export interface Sent {
  readonly events: readonly Outgoing[];
  /** `destination_refused`: their app may not report, or has no credentials. */
  readonly outcome: 'accepted' | 'refused' | 'destination_refused';
  /** Requests that they were in. */
  readonly attempts: number;
  /** HTTP status and body code of the last answer; 0: there was none. */
  readonly status: number;
  readonly code: number;
  /** The API's own words. */
  readonly msg: string;
}

export interface DeliveriesOptions extends DestinationOptions {
  readonly credentials: Credentials;
  /** So many events may become dead letters while nothing says that any app may report. */
  readonly mostRefused: number;
  /** Sends the specification's single object instead of an array. */
  readonly isSingle: boolean;
  readonly logger: Logger;
}

/** Events of one app, and the body of the request that they travel in. */
export interface Packed {
  readonly events: readonly Outgoing[];
  readonly body: Buffer;
}

/** Brings events of one app to the API. */
export interface Deliveries {
  readonly pack: (events: readonly Outgoing[]) => Packed;
  /**
   * Sends what is packed; if it is refused, the halves of it one after the other, until each offender is alone. The order of
   * what is accepted is kept. @returns what became of all of it, in order
   * @throws {OperatorError} when no app may report any more
   */
  readonly deliver: (packed: Packed, pace: Pace, signal: AbortSignal) => Promise<Sent[]>;
}

const NO_CREDENTIALS = {
  outcome: 'destination_refused',
  attempts: 0,
  status: 0,
  code: 0,
  msg: 'no credentials',
} as const;

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { credentials, mostRefused, isSingle, logger } = options;
  const destinations = new Map<string, Destination>();
  for (const credential of credentials.values()) {
    if (!destinations.has(credential.appId))
      destinations.set(credential.appId, new Destination(credential, options));
  }
  const alarm = alarms(logger);
  /** Events that no app was allowed to report, since one was. */
  let refusedEvents = 0;
  const pack = (events: readonly Outgoing[]): Packed => {
    const bodies = events.map(({ body }) => body);
    return { events, body: isSingle ? Buffer.concat(bodies) : jsonArray(bodies) };
  };
  return {
    pack,
    async deliver(packed, pace, signal) {
      const { events } = packed;
      const app = events[0]?.appId ?? '';
      const credential = credentialOf(credentials, app);
      const destination = credential && destinations.get(credential.appId);
      if (credential === undefined || destination === undefined) {
        refused(app, events.length, `REPORT_CREDENTIALS names neither this app nor "*"`);
        return [{ events, ...NO_CREDENTIALS }];
      }
      const ask: Ask = ({ body, events: { length } }) => destination.ask(body, length, pace, signal);
      const sent = await halved(packed, pack, ask, 0);
      if (destination.isRefused) refused(app, events.length, notAllowed(credential, sent));
      else allowed(app);
      return sent;
    },
  };

  function refused(app: string, events: number, why: string): void {
    refusedEvents += events;
    const all = [...destinations.values()];
    // An app without events is never asked for, and so never refused.
    const isNobodyAllowed = refusedEvents >= mostRefused && !all.some((one) => one.isAllowed);
    if (isNobodyAllowed || all.every((one) => one.isRefused)) throw new NoAppAllowedError(app, why);
    alarm.raise(
      app,
      `${why}: its events become dead letters. Mend that and start again, then kaquan dlq redrive report --reason destination_refused`,
    );
  }

  function allowed(app: string): void {
    refusedEvents = 0;
    alarm.end(app, 'the report API allows this app again');
  }
}

const notAllowed = ({ appId }: Credential, sent: readonly Sent[]): string =>
  `the report API does not allow this app as ${appId} (status ${sent.at(-1)?.status ?? 0})`;

/** None of our apps may report. */
export class NoAppAllowedError extends OperatorError {
  override readonly name = 'NoAppAllowedError';

  /** @param app the WeChat app_id that was the last. @param why it may not */
  constructor(app: string, why: string) {
    super(
      `no app that has events may report; the last was ${app}: ${why}. Stopped before more events become dead letters. Mend ` +
        'REPORT_URL, REPORT_MODE or REPORT_CREDENTIALS, then start again; BRAKE_WINDOW=1000000 takes as many of them before it stops.',
    );
  }
}

const [BRACKET, COMMA, BRACKET_END] = [0x5b, 0x2c, 0x5d] as const;

function jsonArray(elements: readonly Buffer[]): Buffer {
  const bytes = elements.reduce((sum, { length }) => sum + length + 1, 1);
  const array = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const element of elements) {
    array[at] = at === 0 ? BRACKET : COMMA;
    array.set(element, at + 1);
    at += element.length + 1;
  }
  array[at] = BRACKET_END;
  return array;
}

type Ask = (packed: Packed) => Promise<Decision>;

async function halved(packed: Packed, pack: Deliveries['pack'], ask: Ask, before: number): Promise<Sent[]> {
  const { events } = packed;
  const { meaning, answer, attempts } = await ask(packed);
  const all = before + attempts;
  if (meaning === 'refused' && events.length > 1) {
    const middle = events.length >> 1;
    const left = await halved(pack(events.slice(0, middle)), pack, ask, all);
    return [...left, ...(await halved(pack(events.slice(middle)), pack, ask, all))];
  }
  const outcome = meaning === 'not_allowed' ? 'destination_refused' : meaning;
  const { status, code = 0, msg } = answer;
  return [{ events, outcome, attempts: all, status, code, msg }];
}

const ALARM_EVERY = 1000;

/** Names an app at its first letter, and now and then, and when it is over. */
function alarms(logger: Logger) {
  const counts = new Map<string, number>();
  return {
    raise(app: string, sentence: string): void {
      const count = counts.get(app) ?? 0;
      counts.set(app, count + 1);
      if (count % ALARM_EVERY === 0) logger.error({ alarm: true, app }, sentence);
    },
    end(app: string, sentence: string): void {
      if (counts.delete(app)) logger.info({ app }, sentence);
    },
  };
}
