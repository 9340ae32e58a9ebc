import type { ClickHouse } from '../../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../../runtime/kafka/admin.ts';
import { duration } from '../../runtime/process/duration.ts';
import { findingsOf, type Finding } from './finding.ts';

const { well, wrong } = findingsOf('clocks');

/** How far clocks may be apart: figures are promised within two seconds; ms. */
const MOST_SKEW_MS = 1000;
const MEND = 'Let chrony or ntpd set the clocks of all machines.';

/** ClickHouse's clock beside this machine's, within the time that the question takes. */
export async function checkStoreClock(clickhouse: ClickHouse, now: () => number): Promise<Finding[]> {
  const asked = now();
  const [row] = await clickhouse.query<{ at: number }>(
    'SELECT toFloat64(toUnixTimestamp64Milli(now64(3))) AS at',
    { timeoutMs: 10_000 },
  );
  const answered = now();
  return [storeClockFinding(row?.at ?? Number.NaN, asked, answered)];
}

/** @param at what ClickHouse's clock said, ms; `asked` and `answered` by this machine's */
export function storeClockFinding(at: number, asked: number, answered: number): Finding {
  const ahead = at > answered ? at - answered : at < asked ? at - asked : 0;
  if (Math.abs(ahead) <= MOST_SKEW_MS) return well('ClickHouse and this machine have the same time.');
  const way = ahead > 0 ? 'ahead of' : 'behind';
  return wrong(`ClickHouse's clock is ${duration(Math.abs(ahead))} ${way} this machine's.`, MEND);
}

/** The brokers' clocks, by the stamps of records: one of the future was stamped by a clock that is ahead. */
export async function checkBrokerClock(
  admin: KafkaAdmin,
  topic: string,
  now: () => number,
): Promise<Finding[]> {
  if ((await admin.partitionCount(topic)) === undefined) return [];
  const [later, log] = await Promise.all([
    admin.offsetsAt(topic, now() + MOST_SKEW_MS),
    admin.offsets(topic),
  ]);
  const stamped = [...log].filter(([partition, { end }]) => (later.get(partition) ?? end) < end);
  if (stamped.length === 0) return [well('No record is stamped with a time to come.')];
  const partitions = stamped.map(([partition]) => partition).join(', ');
  return [
    wrong(
      `Records of ${topic} are stamped with a time to come (partitions ${partitions}): a broker's clock is ahead.`,
      MEND,
    ),
  ];
}
