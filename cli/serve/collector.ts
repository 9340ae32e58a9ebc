import { startCollector } from '../../producers/collector/main.ts';
import { collectorSettings } from '../../producers/collector/settings.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import type { Io } from '../io.ts';
import { serve } from '../serve.ts';

/** `kaquan serve collector`. @returns the exit code */
export function serveCollector(io: Io): Promise<number> {
  const config = parseSettings(collectorSettings, io.env);
  return serve('collector', io, (logger) => startCollector({ config, logger, now: Date.now }));
}
