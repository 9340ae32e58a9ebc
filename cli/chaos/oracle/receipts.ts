import { readFileSync } from 'node:fs';

import { eventIdText, parseReport } from '../../../schemas/index.ts';
import type { Receipt } from '../../../services/report-receiver/receipt-log.ts';

/** An event as the receiver took it. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly appId: string;
  readonly orderId: string;
  readonly body: unknown;
  readonly at: number;
}

/** Every event that was accepted, in the order of acceptance, copies included. */
export function acceptedEvents(receipts: readonly Receipt[]): ReceivedEvent[] {
  return receipts
    .filter(({ accepted }) => accepted)
    .flatMap(({ events, at }) =>
      events.map((body) => {
        const report = parseReport(body);
        if (!report.ok) throw new Error(`accepted, and invalid: ${JSON.stringify(report.violations)}`);
        const { event_id, wx_user, coupon } = report.event;
        return { eventId: eventIdText(event_id), appId: wx_user.app_id, orderId: coupon.order_id, body, at };
      }),
    );
}

/** A receiver's log, whole. */
export const receiptsIn = (file: string): Receipt[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Receipt);
