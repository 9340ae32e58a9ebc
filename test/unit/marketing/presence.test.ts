import { describe, expect, it } from '@jest/globals';

import { presence } from '../../../services/marketing/presence.ts';

describe('whether there is any of something', () => {
  const away = (): Promise<boolean> => Promise.reject(new Error('away'));

  it('may be, before anybody said that there is none', async () => {
    const one = presence(away, () => 0);
    expect(one.mayBe()).toBe(true);
    await expect(one.ask()).rejects.toThrow('away');
    expect(one.mayBe()).toBe(true);
  });

  it('is not for 5 s from when that there is none was asked, and may be after that', async () => {
    let now = 1000;
    const one = presence(
      () => {
        now += 100;
        return Promise.resolve(false);
      },
      () => now,
    );
    await one.ask();
    now = 6000;
    expect(one.mayBe()).toBe(false);
    now = 6001;
    expect(one.mayBe()).toBe(true);
  });

  it('is for good once there is some, and is asked no more', async () => {
    let questions = 0;
    const one = presence(
      () => Promise.resolve(questions++ > 0),
      () => 0,
    );
    await one.ask();
    expect(one.mayBe()).toBe(false);
    await one.ask();
    expect(one.mayBe()).toBe(true);
    await one.ask();
    expect(questions).toBe(2);
  });
});
