import { clickhouseSettings } from '../../../runtime/clickhouse/settings.ts';
import { parseSettings } from '../../../runtime/process/settings.ts';
import { receiverSettings } from '../../../services/report-receiver/config.ts';
import { faultsSchema, mischief } from '../../../services/report-receiver/faults.ts';
import { connectClickHouse, connectKafka, kafkaClient } from '../../connections.ts';
import { publishedLog } from './log.ts';
import { receiptsIn } from './receipts.ts';
import { verdict } from './verdict.ts';

/**
 * The oracle, in a process of its own: it shares no memory with what it judges. Reads the log, the figures and, where
 * RECEIVER_LOG names one, the receiver's log; prints its verdict as JSON. The first argument is what the API was told to
 * refuse, as of `PUT /faults`.
 */
const { env } = process;
const { TIME_ZONE: timeZone } = parseSettings(clickhouseSettings, env);
const { RECEIVER_LOG: receipts } = parseSettings(receiverSettings, env);
const { of } = mischief(faultsSchema.parse(JSON.parse(process.argv[2] ?? '{}')));
const admin = await connectKafka(env);
const clickhouse = connectClickHouse(env);
try {
  const found = await verdict({
    clickhouse,
    timeZone,
    log: await publishedLog(kafkaClient(env), admin),
    receipts: env['RECEIVER_LOG'] ? receiptsIn(receipts) : undefined,
    isRefused: (id) => of(id) !== undefined,
  });
  process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
} finally {
  await Promise.allSettled([admin.close(), clickhouse.close()]);
}
