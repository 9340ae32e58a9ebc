import { reportSettings } from '../../consumers/report/config.ts';
import { destinationOf } from '../../consumers/report/main.ts';
import { parseSettings } from '../../runtime/process/settings.ts';
import { storeSettings } from '../../sql/settings.ts';
import { COMPONENTS, settingStates } from '../config.ts';
import type { Io } from '../io.ts';
import { checkDeliveriesLedger } from '../migrate/topics.ts';
import { findingsOf, type Finding } from './finding.ts';

type Env = Io['env'];

const { well, wrong } = findingsOf('settings');

/** The rules of each setting, and of those that belong together. @returns also the environment without what is broken */
export function checkSettings(env: Env): { readonly findings: Finding[]; readonly usable: Env } {
  const broken = settingStates(COMPONENTS, env).filter(({ problem }) => problem !== null);
  const names = new Set(broken.map(({ name }) => name));
  const usable = Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)));
  const findings = [
    ...broken.map(({ name, problem }) => wrong(problem ?? name, `Set ${name} to such a value, or unset it.`)),
    ...together(usable),
  ];
  const fine = well('Each setting keeps its rule; kaquan config lists them.');
  return { findings: findings.length > 0 ? findings : [fine], usable };
}

function together(env: Env): Finding[] {
  const config = parseSettings({ ...reportSettings, ...storeSettings }, env);
  const checks = [
    () => checkDeliveriesLedger(config),
    // Unset, nothing is reported, and nobody has to.
    () => (config.REPORT_URL === undefined ? undefined : destinationOf(config)),
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      return [
        wrong(error instanceof Error ? error.message : String(error), 'Mend the settings that it names.'),
      ];
    }
  });
}
