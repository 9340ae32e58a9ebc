import { CODES } from '../../schemas/report_api/index.ts';
import { eventIdText, parseReport } from '../../schemas/index.ts';

/** An event of a request that keeps all rules. */
export interface Received {
  readonly eventId: string;
  readonly body: unknown;
}

export type ReadBody =
  | { readonly ok: true; readonly events: readonly Received[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: number;
      readonly msg: string;
      readonly bodies: readonly unknown[];
    };

export const BODY_BYTES = 262_144;
export const ARRAY_EVENTS = 50;

/** Reads a request's body: one event or an array of them, each by all rules of the specification. */
export function readBody(bytes: Buffer): ReadBody {
  const parsed = jsonOf(bytes);
  if (parsed === undefined) return refused(200, CODES.invalid, 'the body is not JSON', []);
  const bodies: unknown[] = Array.isArray(parsed.value) ? parsed.value : [parsed.value];
  if (bodies.length === 0) return refused(200, CODES.invalid, 'the array holds no event', bodies);
  if (bodies.length > ARRAY_EVENTS)
    return refused(413, CODES.tooLarge, `an array holds at most ${ARRAY_EVENTS} events`, bodies);
  const events: Received[] = [];
  for (const [index, body] of bodies.entries()) {
    const report = parseReport(body);
    if (!report.ok) {
      const [first] = report.violations;
      const what = first === undefined ? 'invalid' : `${first.path}: ${first.rule} ${first.message}`;
      return refused(200, CODES.invalid, `event ${index}: ${what}`, bodies);
    }
    events.push({ eventId: eventIdText(report.event.event_id), body });
  }
  return { ok: true, events };
}

function jsonOf(bytes: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(bytes.toString('utf8')) };
  } catch {
    return undefined;
  }
}

const refused = (status: number, code: number, msg: string, bodies: readonly unknown[]): ReadBody => ({
  ok: false,
  status,
  code,
  msg,
  bodies,
});
