import pRetry from 'p-retry';

import { connectKafka } from '../../cli/connections.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { TOPIC } from '../../schemas/coupon_order/topic.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The sum of what a group has committed. */
export const committedBy = (env: Env, group: string): Promise<number> =>
  asked(env, async (admin) => sumOf(await admin.committed(group, TOPIC)));

/** How many records a group has still to commit. */
export const lagOf = (env: Env, group: string): Promise<number> =>
  asked(env, async (admin) => {
    const [log, committed] = await Promise.all([admin.offsets(TOPIC), admin.committed(group, TOPIC)]);
    return [...log].reduce((sum, [partition, { end }]) => sum + end - (committed.get(partition) ?? 0), 0);
  });

const sumOf = (offsets: ReadonlyMap<number, number>): number =>
  [...offsets.values()].reduce((sum, offset) => sum + offset, 0);

/** Asks again while brokers come and go. */
const asked = <T>(env: Env, ask: (admin: KafkaAdmin) => Promise<T>): Promise<T> =>
  pRetry(
    async () => {
      const admin = await connectKafka(env);
      return ask(admin).finally(() => admin.close());
    },
    { retries: 20, minTimeout: 200, maxTimeout: 1000 },
  );
