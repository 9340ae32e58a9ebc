import TinyQueue from 'tinyqueue';

import { firstForm, lateDelay, repeatDelay, repeatedForm, type Shares } from './disturbance.ts';
import type { Order, Step } from './order.ts';
import type { Random } from '../../runtime/process/random.ts';
import type { Form } from './report.ts';

/** A report that waits to be sent. */
export interface Waiting {
  readonly order: Order;
  readonly step: Step;
  readonly form: Form;
  /** When it is sent, milliseconds since 1970. */
  readonly sendAt: number;
  readonly first: boolean;
  readonly late: boolean;
  readonly sequence: number;
}

/** What is to be sent, by the time at which it is sent. */
export class Timeline {
  readonly #random: Random;
  readonly #shares: Shares;
  readonly #delay: (milliseconds: number) => number;
  readonly #queue = new TinyQueue<Waiting>([], (a, b) => a.sendAt - b.sendAt || a.sequence - b.sequence);
  #sequence = 0;

  /** @param delay what becomes of a disturbance's delay */
  constructor(random: Random, shares: Shares, delay: (milliseconds: number) => number) {
    this.#random = random;
    this.#shares = shares;
    this.#delay = delay;
  }

  /** Plans all sendings of those steps of an order that happen until `until`. */
  plan(order: Order, until: number): void {
    for (const step of order.steps) {
      if (step.time > until) continue;
      const late = this.#random.chance(this.#shares.late);
      const sendAt = step.time + (late ? this.#delay(lateDelay(this.#random)) : 0);
      const form = firstForm(this.#random);
      this.#wait({ order, step, form, sendAt, first: true, late });
      if (this.#random.chance(this.#shares.duplicates)) this.#repeat(order, step, form, sendAt);
    }
  }

  /** @returns the next report that is sent not after `time` */
  next(time: number): Waiting | undefined {
    const waiting = this.#queue.peek();
    return waiting && waiting.sendAt <= time ? this.#queue.pop() : undefined;
  }

  #repeat(order: Order, step: Step, first: Form, sendAt: number): void {
    const again = sendAt + this.#delay(repeatDelay(this.#random));
    this.#wait({
      order,
      step,
      form: repeatedForm(this.#random, first),
      sendAt: again,
      first: false,
      late: false,
    });
  }

  #wait(waiting: Omit<Waiting, 'sequence'>): void {
    this.#sequence += 1;
    this.#queue.push({ ...waiting, sequence: this.#sequence });
  }
}
