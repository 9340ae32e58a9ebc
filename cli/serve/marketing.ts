import { collectRarely } from '../../runtime/process/garbage.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { marketingSettings } from '../../services/marketing/config.ts';
import { startMarketing } from '../../services/marketing/main.ts';
import type { Io } from '../io.ts';
import { serve } from '../serve.ts';

/** `kaquan serve marketing`. @returns the exit code */
export function serveMarketing(io: Io): Promise<number> {
  collectRarely();
  const config = parseSettings(marketingSettings, io.env);
  return serve('marketing', io, (logger) => startMarketing({ config, logger, now: Date.now }));
}
