import { canonicalJson, isPlainObject } from './canonical-json.ts';
import { DIFFERENT_ORDER, type ChanCustomMode } from './conditions.ts';
import { BOUNDS, type CouponOrderEvent } from './event.ts';
import { canonicalProps } from './canonical-props.ts';
import { normalised } from './normalised.ts';
import { RULES, type Props } from './rules.ts';
import { knownMembers, unknownMembers, unknownText, type Report } from './unknown.ts';
import { broken, violationAt, type Path, type Violation } from './violation.ts';

export interface ReportOptions {
  /** How `chan_custom` may be filled; default `strict`: all eight fields or none. */
  readonly chanCustom?: ChanCustomMode;
  /** Maps a back-end's own status to one of the six; undefined keeps it. Default: maps none. */
  readonly mapStatus?: (status: string) => string | undefined;
}

export type ParsedReport =
  | { readonly ok: true; readonly event: CouponOrderEvent; readonly warnings: readonly Violation[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };

type Members = Readonly<Record<string, unknown>>;

interface Reading {
  readonly props: Props;
  readonly from?: string | null | undefined;
  readonly tracking_id?: string | null | undefined;
}

/**
 * Reads a report as an event, or says every rule that it breaks. It never throws for what JSON can say;
 * what JSON can't say is refused.
 * @param input a report body `{type, props, from?, tracking_id?, log_id?}`, or bare props: an object that has `type` or
 *   `props` of its own is a body. Other members of a body are dropped; unknown properties below props are kept.
 */
export function parseReport(input: unknown, options: ReportOptions = {}): ParsedReport {
  const isBody = isPlainObject(input) && (Object.hasOwn(input, 'type') || Object.hasOwn(input, 'props'));
  const violations: Violation[] = [];
  const report: Report = (path, problem) => violations.push(violationAt(input, path, problem));
  const reading = keptRules(input, isBody, options, report);
  const path = isBody ? ['props'] : [];
  const props = isBody ? input['props'] : input;
  const unknown = keptUnknown(props, path, report);
  if (reading === undefined || violations.length > 0) return { ok: false, violations };
  const { from = null, tracking_id = null } = reading;
  const event = normalised(reading.props, { from, tracking_id, unknown });
  if (isTooLarge(event)) return { ok: false, violations: [violationAt(input, path, TOO_LARGE)] };
  return { ok: true, event, warnings: warningsOf(input, props, path, event) };
}

const TOO_LARGE = broken('bounds', `must have at most ${BOUNDS.event} bytes as JSON text`);

/** Only arrays can bring an event, whose single strings are within their bounds, beyond the bound of the whole. */
function isTooLarge(event: CouponOrderEvent): boolean {
  if (event.coupon_info.length + (event.wx_user.tag?.length ?? 0) < 64) return false;
  return Buffer.byteLength(canonicalProps(event)) > BOUNDS.event;
}

function warningsOf(input: unknown, props: unknown, path: Path, event: CouponOrderEvent): Violation[] {
  const warnings: Violation[] = [];
  const hasOrder = isPlainObject(props) && props['order'] != null;
  if (hasOrder) warnings.push(violationAt(input, [...path, 'order'], LEGACY_KEY));
  if (event.coupon.order_time > event.time) warnings.push(violationAt(input, [...path, 'time'], ORDER_AFTER));
  return warnings;
}

const LEGACY_KEY = broken('legacy_key', 'should be called coupon');
const ORDER_AFTER = broken('order_time_after_time', 'should not be before order_time');

function keptRules(
  input: unknown,
  isBody: boolean,
  options: ReportOptions,
  report: Report,
): Reading | undefined {
  const rules = RULES[options.chanCustom ?? 'strict'];
  const mapped = withStatus(input, isBody, options.mapStatus);
  const body = isBody ? rules.body.safeParse(mapped) : undefined;
  if (body?.success === true) return body.data;
  const bare = body === undefined ? rules.props.safeParse(mapped) : undefined;
  if (bare?.success === true) return { props: bare.data };
  for (const { path, message } of (body ?? bare)?.error.issues ?? []) report(path, message);
  return undefined;
}

/** `input` with the statuses under `coupon` and `order` mapped. */
function withStatus(input: unknown, isBody: boolean, map: ReportOptions['mapStatus']): unknown {
  if (map === undefined || !isPlainObject(input)) return input;
  if (isBody) return { ...input, props: withStatus(input['props'], false, map) };
  return { ...input, ...mappedOrder(input, 'coupon', map), ...mappedOrder(input, 'order', map) };
}

function mappedOrder(props: Members, key: string, map: NonNullable<ReportOptions['mapStatus']>): Members {
  const order = props[key];
  if (!isPlainObject(order) || typeof order['order_status'] !== 'string') return {};
  return { [key]: { ...order, order_status: map(order['order_status']) ?? order['order_status'] } };
}

const KNOWN = knownMembers(RULES.strict.props);

function keptUnknown(props: unknown, path: Path, report: Report): string | null {
  const { order, ...members } = unknownMembers(props, KNOWN, path, report) ?? {};
  const { coupon } = members;
  if (isPlainObject(props) && props['order'] != null && props['coupon'] != null) {
    if (canonicalJson(order ?? {}) !== canonicalJson(coupon ?? {}))
      report([...path, 'order'], DIFFERENT_ORDER);
  } else if (order !== undefined) members['coupon'] = order;
  return Object.keys(members).length === 0 ? null : unknownText(members, path, report);
}
