import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Machine } from './machine.ts';

// Two of these files at the most.
const LOG_BYTES = 100 * 1024 * 1024;

/**
 * The group `report`, and a receiver on this machine that it reports to: nothing leaves it, whatever REPORT_URL says.
 * @returns where the receiver listens
 */
export async function startReporting(
  machine: Machine,
  data: string,
  grace: { readonly report: number; readonly receiver: number },
): Promise<string> {
  const apps = join(data, 'report-apps.json');
  writeFileSync(apps, JSON.stringify({ '*': { app_id: 'local', app_secret: 'local' } }));
  machine.set({
    RECEIVER_CREDENTIALS: apps,
    RECEIVER_LOG: join(data, 'receipts.ndjson'),
    RECEIVER_LOG_BYTES: String(LOG_BYTES),
    REPORT_CREDENTIALS: apps,
  });
  const url = await machine.serve('report-receiver', grace.receiver);
  machine.set({ REPORT_URL: url });
  machine.keep('report', ['consume', 'report'], grace.report);
  return url;
}
