import type { ReadReport } from '../../domain/report/reports.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { isForAnother, redriveOf, REDRIVEN_FOR_ANOTHER } from '../../runtime/kafka/redrive.ts';
import { framedId, isAmount, type Undecodable } from '../../schemas/index.ts';

/** Why a record can't be forwarded: the `reason` of its dead letter. */
export type DeadReason =
  'no_value' | 'not_framed' | Undecodable | 'out_of_bounds' | 'destination_refused' | 'refused_by_api';

/** An event that can be sent. */
export interface Outgoing {
  readonly appId: string;
  /** 16 bytes, one character (0–255) each. */
  readonly eventId: string;
  /** ms */
  readonly time: number;
  /** Its HTTP body. */
  readonly body: Buffer;
  /** A dead letter of this group that was published again. */
  readonly isRedriven: boolean;
}

/** What a record is to this group. */
export type Verdict =
  | { readonly kind: 'event'; readonly event: Outgoing }
  | { readonly kind: 'dead'; readonly reason: DeadReason }
  | { readonly kind: 'skip'; readonly reason: string };

/** How records are read. */
export interface Reading {
  readonly read: ReadReport;
  readonly group: string;
}

const dead = (reason: DeadReason): Verdict => ({ kind: 'dead', reason });

/** Judges one record whose writer's schema is loaded, if anybody knows it: a function of the record alone. */
export function judge({ value, headers }: FetchedRecord, { read, group }: Reading): Verdict {
  if (isForAnother(headers, group)) return { kind: 'skip', reason: REDRIVEN_FOR_ANOTHER };
  if (value === null || value.length === 0) return dead('no_value');
  const schemaId = framedId(value);
  if (schemaId === undefined) return dead('not_framed');
  const report = read(schemaId, value);
  if (!report.ok) return dead(report.reason);
  const { appId, eventId, time, orderTime, payAmt, body } = report.value;
  if (!isAmount(payAmt) || !isTime(time) || !isTime(orderTime)) return dead('out_of_bounds');
  const isRedriven = redriveOf(headers) !== undefined;
  return { kind: 'event', event: { appId, eventId, time, body, isRedriven } };
}

/** 13 digits, as the API asks for. */
const isTime = (ms: number): boolean => ms >= 1e12 && ms < 1e13;
