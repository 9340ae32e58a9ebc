import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { HOLD_RENEWAL_MS, recordStep, type RebuildStep } from '../../sql/rebuilds.ts';

/** Groups whose consumers stay away, or are about to. */
export interface Holding {
  /** From now on they stay away whatever becomes of this process; `plan` is what is to be done before they are released. */
  exchange(plan: string): Promise<void>;
  /** They may come back. */
  release(): Promise<void>;
}

/** Tells consumers to stay away, and goes on telling them. @param last the step after which this one comes */
export async function hold(
  clickhouse: ClickHouse,
  groups: readonly string[],
  last: RebuildStep | undefined,
): Promise<Holding> {
  const number = (last?.number ?? 0) + 1;
  let sequence = 0;
  const record = (step: RebuildStep['step'], plan = ''): Promise<void> =>
    recordStep(clickhouse, { number, sequence: ++sequence, step, groups, plan });
  await record('hold');
  const timer = setInterval(() => void record('hold').catch(() => undefined), HOLD_RENEWAL_MS).unref();
  return {
    async exchange(plan) {
      clearInterval(timer);
      await record('exchange', plan);
    },
    async release() {
      clearInterval(timer);
      await record('release');
    },
  };
}

/** Releases what another run held. */
export const releaseAfter = (clickhouse: ClickHouse, last: RebuildStep): Promise<void> =>
  recordStep(clickhouse, { ...last, sequence: last.sequence + 1, step: 'release', plan: '' });

const POLL_MS = 200;

/** Resolves when none of the groups has a member. @param onWait told of each number of members that is waited for */
export async function emptied(
  admin: KafkaAdmin,
  groups: readonly string[],
  onWait: (group: string, members: number) => void,
): Promise<void> {
  for (const group of groups) {
    for (let told = 0; ;) {
      const members = await admin.members(group);
      if (members === 0) break;
      if (members !== told) onWait(group, members);
      told = members;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
