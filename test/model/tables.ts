import type { Milestone } from '../../domain/order/fold.ts';
import { compareEntries, STATUSES, type OrderState } from '../../domain/order/state.ts';

/** What ClickHouse's tables make of rows, in memory: the highest revision wins, states merge. */
export class Tables {
  readonly milestones = new Map<string, Milestone>();
  readonly states = new Map<string, OrderState>();

  putMilestone(order: string, row: Milestone): void {
    const key = `${order} ${row.minute} ${row.status}`;
    const held = this.milestones.get(key);
    if (held?.revision === row.revision) {
      // Two writers of one revision must have written the same, or the outcome would depend on who came last.
      if (contentOf(held) !== contentOf(row)) throw new Error(`equal revision, other content: ${key}`);
    } else if (held === undefined || row.revision > held.revision) {
      this.milestones.set(key, row);
    }
  }

  putState(order: string, state: OrderState): void {
    const held = this.states.get(order);
    this.states.set(order, held === undefined ? state : merged(held, state));
  }

  /** Live rows, without their revisions, in a fixed order. */
  live(): string[] {
    const rows = [...this.milestones].filter(([, row]) => !row.isDeleted);
    return rows.map(([key, row]) => `${key} ${contentOf(row)}`).sort();
  }
}

export function contentOf({ revision: _, ...row }: Milestone): string {
  return JSON.stringify({ ...row, entry: { ...row.entry, eventId: '', orderTime: 0, couponIds: [] } });
}

function merged(a: OrderState, b: OrderState): OrderState {
  const joined = { ...a, revision: Math.max(a.revision, b.revision) };
  for (const status of STATUSES) {
    const [left, right] = [a[status], b[status]];
    joined[status] =
      left === undefined ? right : right !== undefined && compareEntries(right, left) < 0 ? right : left;
  }
  return joined;
}
