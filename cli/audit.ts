import { ordersSettings } from '../consumers/orders/config.ts';
import type { ClickHouse } from '../runtime/clickhouse/client.ts';
import type { KafkaAdmin } from '../runtime/kafka/admin.ts';
import { parseSettings } from '../runtime/process/settings.ts';
import { ORDERS_GROUP, REPORT_GROUP, TOPIC } from '../schemas/coupon_order/topic.ts';
import { audit, type Audit, type Offsets } from './audit/audit.ts';
import type { AuditOnce } from './audit/rounds.ts';
import { auditText } from './audit/text.ts';
import { connectClickHouse, connectKafka, kafkaClient } from './connections.ts';
import { EXIT } from './failure.ts';
import type { Io } from './io.ts';

export interface AuditCommand {
  readonly json?: true;
  /** Go on, every so many seconds. */
  readonly every?: number;
}

/** `kaquan audit`. @returns exit code 1 if anything is not as it must be */
export async function auditCommand({ json, every }: AuditCommand, io: Io): Promise<number> {
  const once: AuditOnce = (since) => connectedAudit(io.env, since);
  if (every !== undefined) {
    const { auditEvery } = await import('./audit/service.ts');
    return auditEvery(every, once, json === true, io);
  }
  const { audit: found } = await once(undefined);
  io.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : auditText(found));
  return found.clean ? EXIT.done : EXIT.failed;
}

// Connected anew each time: whatever was away meanwhile is no matter.
async function connectedAudit(env: Io['env'], since: Offsets | undefined): ReturnType<AuditOnce> {
  const admin = await connectKafka(env);
  const clickhouse = connectClickHouse(env);
  try {
    return await auditOnce({ admin, clickhouse }, env, since);
  } finally {
    await Promise.allSettled([admin.close(), clickhouse.close()]);
  }
}

/** One audit in this environment. @param since what was found clean before, and is not looked at again */
export function auditOnce(
  { admin, clickhouse }: { readonly admin: KafkaAdmin; readonly clickhouse: ClickHouse },
  env: Io['env'],
  since?: Offsets,
): Promise<{ readonly audit: Audit; readonly upTo: Offsets }> {
  const settings = parseSettings(ordersSettings, env);
  return audit({
    admin,
    clickhouse,
    kafka: kafkaClient(env),
    topic: TOPIC,
    groups: [
      { group: ORDERS_GROUP, ledger: 'events' },
      { group: REPORT_GROUP, ledger: 'report_deliveries' },
    ],
    registryUrl: settings.SCHEMA_REGISTRY_URL,
    now: Date.now(),
    ...(since && { since }),
  });
}
