import { parseSettings } from '../../runtime/process/settings.ts';
import { receiverSettings } from '../../services/report-receiver/config.ts';
import { startReceiver } from '../../services/report-receiver/main.ts';
import type { Io } from '../io.ts';
import { serve } from '../serve.ts';

/** `kaquan serve report-receiver`. @returns the exit code */
export function serveReportReceiver(io: Io): Promise<number> {
  const config = parseSettings(receiverSettings, io.env);
  return serve('report-receiver', io, (logger) => startReceiver({ config, logger, now: Date.now }));
}
