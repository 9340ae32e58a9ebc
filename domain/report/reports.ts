import type { CouponOrderEvent, Decoded, Schemas } from '../../schemas/index.ts';
import { bodyV1 } from './body-v1.ts';
import { reportBody, type BodyForm, type Report } from './body.ts';

/** Reads the report of a framed value whose writer's schema is loaded, if anybody knows it. It never throws. */
export type ReadReport = (schemaId: number, value: Buffer) => Decoded<Report>;

const MALFORMED = { ok: false, reason: 'malformed' } as const;

/** Values of v1 are read by their layout; all others, and whatever is odd, by their schema. */
export function reportReader(schemas: Schemas, form: BodyForm): ReadReport {
  const quick = bodyV1(form);
  return (schemaId, value) => {
    const report = schemas.loaded(schemaId)?.isV1 === true ? quick(value) : undefined;
    return report === undefined
      ? whole(schemas.decodeEvent(schemaId, value), form)
      : { ok: true, value: report };
  };
}

function whole(decoded: Decoded<CouponOrderEvent>, form: BodyForm): Decoded<Report> {
  if (!decoded.ok) return decoded;
  const { event_id, coupon, time, wx_user } = decoded.value;
  const body = bodyOf(decoded.value, form);
  if (body === undefined) return MALFORMED;
  const eventId = event_id.toString('latin1');
  const { order_time: orderTime, pay_amt: payAmt } = coupon;
  return { ok: true, value: { eventId, appId: wx_user.app_id, time, orderTime, payAmt, body } };
}

/** undefined: what should be JSON text in the event, is none. */
function bodyOf(event: CouponOrderEvent, form: BodyForm): Buffer | undefined {
  try {
    return Buffer.from(reportBody(event, form));
  } catch {
    return undefined;
  }
}
