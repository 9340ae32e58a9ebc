import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

import { asText, COMPONENTS, settingStates } from '../../../cli/config.ts';
import { integer, text, type Settings } from '../../../runtime/process/settings.ts';

const components = {
  Engine: {
    ENGINE_PORT: { default: '80', schema: integer(1, 65_535), help: 'Where it listens.' },
    ENGINE_PASSWORD: { default: 'default-secret', schema: text, help: 'Its password.' },
    ENGINE_PEER: { schema: text, help: 'Another one.' },
  },
};

describe('kaquan config', () => {
  it('tells value, default and origin of each setting', () => {
    expect(settingStates(components, { ENGINE_PORT: '8080' })).toMatchObject([
      { component: 'Engine', name: 'ENGINE_PORT', default: '80', value: '8080', set: true, problem: null },
      { name: 'ENGINE_PASSWORD', set: false },
      { name: 'ENGINE_PEER', default: null, value: null, set: false },
    ]);
  });

  it('never shows a secret, also not a default one', () => {
    const states = settingStates(components, { ENGINE_PASSWORD: 'given-secret' });
    expect(JSON.stringify(states) + asText(states)).not.toMatch(/given-secret|default-secret/);
    expect(asText(states)).toContain('ENGINE_PASSWORD=•••');
  });

  it('names the rule that a setting breaks', () => {
    const states = settingStates(components, { ENGINE_PORT: 'http' });
    expect(states[0]?.problem).toBe('ENGINE_PORT: must be a whole number from 1 to 65535');
    expect(asText(states)).toContain('WRONG: ENGINE_PORT: must be');
  });

  it('takes an empty variable for an unset one', () => {
    expect(settingStates(components, { ENGINE_PORT: '' })[0]).toMatchObject({ value: '80', set: false });
  });
});

/** Every record of settings that the product's code exports. */
async function settingsInTheCode(): Promise<Map<string, Settings>> {
  const root = new URL('../../../', import.meta.url).pathname;
  const folders = ['runtime', 'sql', 'producers', 'consumers', 'services', 'cli', 'schemas'];
  const files = folders
    .flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map(
        (name) => `${folder}/${name}`,
      ),
    )
    .filter(
      (name) => name.endsWith('.ts') && readFileSync(`${root}${name}`, 'utf8').includes('Settings = {'),
    );
  const found = new Map<string, Settings>();
  for (const file of files) {
    const exports = (await import(`${root}${file}`)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exports)) {
      if (name.endsWith('Settings') && typeof value === 'object') found.set(name, value as Settings);
    }
  }
  return found;
}

describe('the settings of the product', () => {
  const listed = settingStates(COMPONENTS, {});

  it('are all listed, each once', async () => {
    const inTheCode = await settingsInTheCode();
    expect(inTheCode.size).toBeGreaterThanOrEqual(5);
    const names = [...inTheCode.values()].flatMap((settings) => Object.keys(settings));
    expect(listed.map(({ name }) => name).sort()).toEqual([...new Set(names)].sort());
  });

  it('have defaults that keep their own rules, and a sentence each', () => {
    expect(listed.filter(({ problem }) => problem !== null)).toEqual([]);
    expect(listed.filter(({ help }) => !/^[A-Z].*\.$/.test(help)).map(({ name }) => name)).toEqual([]);
  });
});
