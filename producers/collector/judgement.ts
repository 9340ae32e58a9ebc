import type { OutRecord } from '../../runtime/kafka/producer.ts';
import type { Violation } from '../../schemas/index.ts';
import { encodeReport, type ReportEncoderOptions } from '../report-encoder.ts';

/** A report that breaks rules. */
export interface Invalid {
  /** Its place in the request, from 0. */
  readonly index: number;
  readonly report: unknown;
  /** All that it breaks, at least one. */
  readonly violations: readonly Violation[];
}

/** What becomes of the reports of a request. */
export interface Judgement {
  readonly records: readonly OutRecord[];
  readonly invalid: readonly Invalid[];
  /** Events of other types: none of our concern. */
  readonly ignored: number;
}

/** Judges each report of a request. Pure. @param mayReport whether the events of a WeChat app_id are the sender's */
export function judge(
  reports: readonly unknown[],
  encoding: ReportEncoderOptions,
  mayReport: (wechatAppId: string) => boolean,
): Judgement {
  const records: OutRecord[] = [];
  const invalid: Invalid[] = [];
  let ignored = 0;
  for (const [index, report] of reports.entries()) {
    if (isOfAnotherType(report)) {
      ignored += 1;
      continue;
    }
    const encoded = encodeReport(asBody(report), encoding);
    if (!encoded.ok) invalid.push({ index, report, violations: encoded.violations });
    else if (!mayReport(encoded.accepted.app_id)) invalid.push({ index, report, violations: [FOREIGN] });
    else records.push(encoded.record);
  }
  return { records, invalid, ignored };
}

/** The rule that an event breaks whose app the credential of its request does not cover. */
export const FOREIGN_RULE = 'app_id';

const FOREIGN: Violation = {
  path: 'props.wx_user.app_id',
  rule: FOREIGN_RULE,
  message: 'must be an app of the credential that the request came with',
  found: 'string',
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOfAnotherType = (report: unknown): boolean =>
  isObject(report) && 'type' in report && typeof report.type === 'string' && report.type !== 'coupon_order';

/** Over HTTP a report has its envelope; bare props, which a program may hand in, have none. */
const asBody = (report: unknown): unknown =>
  isObject(report) && !('type' in report) ? { ...report, type: undefined } : report;
