import { z } from 'zod';

import { seededRandom, shareOf } from './chance.ts';

const share = z.number().min(0).max(1);

const requestFault = z.strictObject({
  /** Of the requests. */
  share,
  /** `hang`: never answers; `reset`: takes the events, and cuts the connection instead of an answer. */
  fault: z.enum(['status', 'hang', 'reset']),
  /** Only requests of this issued app_id. */
  app_id: z.string().optional(),
  status: z.int().min(200).max(599).default(500),
  code: z.int().default(500),
  /** Seconds, sent as `Retry-After`. */
  retry_after: z.number().min(0).optional(),
  /** Whether `Retry-After` is a date. */
  as_date: z.boolean().default(false),
});

const eventFault = z.strictObject({
  /** Of the events; the same ones at every attempt. */
  share,
  code: z.int(),
  msg: z.string().default('refused for a test'),
});

/** How the receiver fails; everything is drawn from the seed. */
export const faultsSchema = z.strictObject({
  seed: z.string().default('1'),
  /** How long every answer takes. */
  delay_ms: z.number().min(0).max(600_000).default(0),
  requests: z.array(requestFault).default([]),
  events: z.array(eventFault).default([]),
});

export type Faults = z.infer<typeof faultsSchema>;
export type RequestFault = Faults['requests'][number];
export type EventFault = Faults['events'][number];

/** Draws what goes wrong. */
export interface Mischief {
  readonly faults: Faults;
  /** What becomes of the next request; undefined: nothing goes wrong. */
  readonly next: (appId: string) => RequestFault | undefined;
  /** What is wrong with an event, by its id: the same at every attempt. */
  readonly of: (eventId: string) => EventFault | undefined;
}

export function mischief(faults: Faults): Mischief {
  const random = seededRandom(faults.seed);
  return {
    faults,
    next(appId) {
      // One draw a request, whatever the faults are, so that a seed tells a course.
      let draw = random();
      for (const fault of faults.requests) {
        if (fault.app_id !== undefined && fault.app_id !== appId) continue;
        if (draw < fault.share) return fault;
        draw -= fault.share;
      }
      return undefined;
    },
    of(eventId) {
      let draw = shareOf(faults.seed, eventId);
      for (const fault of faults.events) {
        if (draw < fault.share) return fault;
        draw -= fault.share;
      }
      return undefined;
    },
  };
}
