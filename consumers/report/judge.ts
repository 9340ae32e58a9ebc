import { reportBody, type BodyForm } from '../../domain/report/body.ts';
import type { FetchedRecord } from '../../runtime/kafka/group.ts';
import { isForAnother, redriveOf, REDRIVEN_FOR_ANOTHER } from '../../runtime/kafka/redrive.ts';
import { framedId, isAmount, type Schemas, type Undecodable } from '../../schemas/index.ts';

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
  readonly body: string;
  /** Bytes of the body. */
  readonly bytes: number;
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
  readonly schemas: Schemas;
  readonly group: string;
  readonly form: BodyForm;
}

const dead = (reason: DeadReason): Verdict => ({ kind: 'dead', reason });

/** Judges one record whose writer's schema is loaded, if anybody knows it: a function of the record alone. */
export function judge({ value, headers }: FetchedRecord, { schemas, group, form }: Reading): Verdict {
  if (isForAnother(headers, group)) return { kind: 'skip', reason: REDRIVEN_FOR_ANOTHER };
  if (value === null || value.length === 0) return dead('no_value');
  const schemaId = framedId(value);
  if (schemaId === undefined) return dead('not_framed');
  const decoded = schemas.decodeEvent(schemaId, value);
  if (!decoded.ok) return dead(decoded.reason);
  const { event_id, coupon, time, wx_user: user } = decoded.value;
  if (!isAmount(coupon.pay_amt) || !isTime(time) || !isTime(coupon.order_time)) return dead('out_of_bounds');
  const body = reportBody(decoded.value, form);
  const event: Outgoing = {
    appId: user.app_id,
    eventId: event_id.toString('latin1'),
    time,
    body,
    bytes: Buffer.byteLength(body),
    isRedriven: redriveOf(headers) !== undefined,
  };
  return { kind: 'event', event };
}

/** 13 digits, as the API asks for. */
const isTime = (ms: number): boolean => ms >= 1e12 && ms < 1e13;
