import { describe, expect, it } from '@jest/globals';

import { asText, settingStates } from '../../../cli/config.ts';
import { integer, text } from '../../../runtime/process/settings.ts';

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
