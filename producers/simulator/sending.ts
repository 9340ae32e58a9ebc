import type { PoisonKind } from './poison.ts';
import type { Report } from './surroundings.ts';

/** One thing that the simulated merchant puts on the wire. */
export type Sending =
  | {
      readonly kind: 'report';
      readonly report: Report;
      /** The event's first sending; otherwise a report sent again. */
      readonly first: boolean;
      readonly late: boolean;
    }
  | {
      /** A report that breaks a rule: a producer refuses it. */
      readonly kind: 'broken';
      readonly report: Report;
    }
  | {
      /** Bytes that no consumer can use, made from a report of an order of its own. */
      readonly kind: 'poison';
      readonly poison: PoisonKind;
      readonly report: Report;
    };
