import type { Setting, Settings } from '../runtime/process/settings.ts';
import { parseSettings, SettingsError } from '../runtime/process/settings.ts';
import { clickhouseSettings } from '../runtime/clickhouse/settings.ts';
import { embeddedSettings } from '../runtime/embedded/settings.ts';
import { kafkaSettings } from '../runtime/kafka/settings.ts';
import { ordersSettings } from '../consumers/orders/config.ts';
import { reportSettings } from '../consumers/report/config.ts';
import { collectorSettings } from '../producers/collector/settings.ts';
import { producerSettings } from '../producers/settings.ts';
import { marketingSettings } from '../services/marketing/config.ts';
import { receiverSettings } from '../services/report-receiver/config.ts';
import { storeSettings } from '../sql/settings.ts';
import { auditSettings } from './audit/settings.ts';
import { redriveSettings } from './dlq/settings.ts';
import { EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { commandSettings } from './settings.ts';

/** Every setting of every component; one that several share stands under the first. */
export const COMPONENTS: Readonly<Record<string, Settings>> = {
  Kafka: kafkaSettings,
  ClickHouse: clickhouseSettings,
  'The store (kaquan migrate)': storeSettings,
  'Producers (kaquan produce, CouponOrderProducer)': producerSettings,
  'The group orders (kaquan consume orders)': ordersSettings,
  'The group report (kaquan consume report)': reportSettings,
  'The HTTP collector (kaquan serve collector)': collectorSettings,
  'The marketing service (kaquan serve marketing)': marketingSettings,
  'The report receiver (kaquan serve report-receiver)': receiverSettings,
  'Dead letters (kaquan dlq)': redriveSettings,
  'The audit (kaquan audit)': auditSettings,
  'The embedded stack (kaquan stack)': embeddedSettings,
  'The command': commandSettings,
};

/** One setting as it stands in an environment. */
export interface SettingState {
  readonly component: string;
  readonly name: string;
  /** null: optional. */
  readonly default: string | null;
  /** null: unset, and without a default. Secrets read `•••`. */
  readonly value: string | null;
  /** Whether the environment sets it. */
  readonly set: boolean;
  /** The rule that the value breaks. */
  readonly problem: string | null;
  readonly help: string;
}

// Where a secret lies is none.
const SECRET = /(PASSWORD|SECRET|TOKEN|PRIVATE_KEY)(?!.*_FILE$)/;

export function settingStates(
  components: Readonly<Record<string, Settings>>,
  env: Io['env'],
): SettingState[] {
  const all = Object.entries(components).flatMap(([component, settings]) =>
    Object.entries(settings).map(([name, setting]) => ({ component, name, setting })),
  );
  return all
    .filter(({ name }, at) => all.findIndex((other) => other.name === name) === at)
    .map(({ component, name, setting }) => stateOf(component, name, setting, env));
}

function stateOf(component: string, name: string, setting: Setting<unknown>, env: Io['env']): SettingState {
  const hide = (text: string | undefined) => (text === undefined ? null : SECRET.test(name) ? '•••' : text);
  return {
    component,
    name,
    default: hide(setting.default),
    value: hide(env[name] || setting.default),
    set: Boolean(env[name]),
    problem: problemOf({ [name]: setting }, env),
    help: setting.help,
  };
}

function problemOf(settings: Settings, env: Io['env']): string | null {
  try {
    parseSettings(settings, env);
    return null;
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
}

/** `kaquan config`. @returns exit code 2 if a setting breaks its rule, else 0 */
export function config({ json }: { json?: true }, { env, stdout }: Io): number {
  const states = settingStates(COMPONENTS, env);
  stdout.write(json ? `${JSON.stringify(states, null, 2)}\n` : asText(states));
  return states.some(({ problem }) => problem !== null) ? EXIT.wrongUse : EXIT.done;
}

export function asText(states: readonly SettingState[]): string {
  const sections = new Map<string, SettingState[]>();
  for (const state of states)
    sections.set(state.component, [...(sections.get(state.component) ?? []), state]);
  return [...sections]
    .map(([component, members]) => `${component}\n${members.map(settingText).join('')}`)
    .join('\n');
}

function settingText({ name, value, set, default: fallback, problem, help }: SettingState): string {
  const origin = set ? (fallback === null ? '' : `  (default ${fallback})`) : '  (default)';
  const shown = value === null ? 'unset' : `${value}${origin}`;
  return `  ${name}=${shown}\n      ${help}\n${problem === null ? '' : `      WRONG: ${problem}\n`}`;
}
