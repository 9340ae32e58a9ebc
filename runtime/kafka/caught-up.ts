import type { KafkaAdmin } from './admin.ts';

const POLL_MS = 200;

/** Resolves when the group's commits reach the ends that the topic's partitions have now, or `signal` is aborted. */
export async function caughtUp(
  admin: KafkaAdmin,
  group: string,
  topic: string,
  signal: AbortSignal,
): Promise<void> {
  const ends = await admin.offsets(topic);
  for (;;) {
    const committed = await admin.committed(group, topic);
    const isBehind = [...ends].some(
      ([partition, { start, end }]) => (committed.get(partition) ?? start) < end,
    );
    if (!isBehind || signal.aborted) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
