import { describe, expect, it } from '@jest/globals';

import type { Caller } from '../../../../producers/collector/caller.ts';
import { Nonces } from '../../../../producers/collector/nonces.ts';

const caller = (appId: string, nonce: string | undefined): Caller => ({
  appId,
  nonce,
  mayReport: () => true,
});
const taken = () => Promise.resolve('taken');

describe('a nonce', () => {
  it('counts once per app', async () => {
    const nonces = new Nonces(300);
    expect(await nonces.once(caller('bi1', 'n'), taken)).toBe('taken');
    await expect(nonces.once(caller('bi1', 'n'), taken)).rejects.toThrow('nonce was taken before');
    expect(await nonces.once(caller('bi2', 'n'), taken)).toBe('taken');
    expect(await nonces.once(caller('bi', '1n'), taken)).toBe('taken');
  });

  it('may come again with a request that was not taken, but not while it is under way', async () => {
    const nonces = new Nonces(300);
    let fail = (_: Error): void => undefined;
    const first = nonces.once(caller('bi1', 'n'), () => new Promise((_, reject) => (fail = reject)));
    await expect(nonces.once(caller('bi1', 'n'), taken)).rejects.toThrow('nonce was taken before');
    fail(new Error('Kafka is away'));
    await expect(first).rejects.toThrow('Kafka is away');
    expect(await nonces.once(caller('bi1', 'n'), taken)).toBe('taken');
  });

  it('is not asked of a request by token', async () => {
    const nonces = new Nonces(300);
    for (const _ of [1, 2]) expect(await nonces.once(caller('bi1', undefined), taken)).toBe('taken');
  });
});
