import { afterEach, describe, expect, it } from '@jest/globals';

import { NOBODY } from '../../../domain/coupon/buyer.ts';
import { NO_OFFERS } from '../../../domain/coupon/catalogue.ts';
import { watchFreshness, type Freshness } from '../../../services/marketing/freshness.ts';
import type { CatalogueSnapshot } from '../../../services/marketing/interface.ts';
import {
  openKnowledge,
  type Knowledge,
  type KnowledgeOptions,
} from '../../../services/marketing/knowledge.ts';

const WANTED = (): boolean => false;
const snapshot = (version: string): CatalogueSnapshot => ({
  version,
  of: (appId) => ({ ...NO_OFFERS, scores: new Map([[`${appId} ${version}`, scoreOf('s')]]) }),
});
const scoreOf = (id: string) => ({ id, name: '', dimension: 'order' as const, goodsIds: new Set<string>() });

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

let knowledge: Knowledge;
let freshness: Freshness | undefined;
afterEach(async () => {
  await knowledge.stop();
  await freshness?.stop();
});

function open(options: Partial<KnowledgeOptions>): Knowledge {
  knowledge = openKnowledge({
    readCatalogue: () => Promise.resolve(snapshot('v1')),
    hasIdentities: () => Promise.resolve(true),
    everyMs: 1,
    lookUp: (buyers) => Promise.resolve(buyers.map(() => NOBODY)),
    lookUpMs: 1000,
    shareMs: 0,
    lookUps: 2,
    onLookUp: () => undefined,
    ...options,
  });
  return knowledge;
}

describe('what the service knows', () => {
  it.each([
    ['an app without memberships and scores', ['plain'], undefined],
    ['one of several apps with scores', ['plain', 'scored'], 'v1'],
  ])('asks for members and points of %s: %j, %s', async (_, apps, expected) => {
    const asked: (string | undefined)[] = [];
    open({
      readCatalogue: () =>
        Promise.resolve({
          version: 'v1',
          of: (appId) => (appId === 'scored' ? snapshot('v1').of(appId) : NO_OFFERS),
        }),
      lookUp: (buyers, { version }) => {
        asked.push(version);
        return Promise.resolve(buyers.map(() => NOBODY));
      },
      shareMs: 5,
    });
    await knowledge.ready;
    await Promise.all(apps.map((appId) => knowledge.of({ appId, openId: 'o' }, WANTED)));
    expect(asked).toEqual([expected]);
  });

  it('is of one version: what a buyer has, and what his app offers', async () => {
    const asked: (string | undefined)[] = [];
    let version = 1;
    open({
      readCatalogue: () => Promise.resolve(snapshot(`v${version}`)),
      lookUp: (buyers, stored) => {
        asked.push(stored.version);
        version = 2;
        return new Promise((resolve) => setTimeout(() => resolve(buyers.map(() => NOBODY)), 20));
      },
    });
    await knowledge.ready;
    const known = await knowledge.of({ appId: 'a', openId: 'o' }, WANTED);
    expect(asked).toEqual(['v1']);
    expect([...known.catalogue.scores.keys()]).toEqual(['a v1']);
    while (knowledge.catalogue()?.version !== 'v2') await turn();
    const later = await knowledge.of({ appId: 'a', openId: 'o' }, WANTED);
    expect([...later.catalogue.scores.keys()]).toEqual(['a v2']);
  });

  describe('identities', () => {
    it.each([
      ['are looked for as long as it is not known that there are none', [], [true]],
      ['are not looked for where there are none', [false], [false]],
      ['are looked for from the first one on', [false, true], [false, true]],
    ])('%s', async (_, answers, expected) => {
      const asked: boolean[] = [];
      const [...left] = answers;
      open({
        hasIdentities: () => {
          const next = left.shift();
          return next === undefined ? Promise.reject(new Error('away')) : Promise.resolve(next);
        },
        everyMs: 20,
        lookUp: (buyers, { identities }) => {
          if (asked.at(-1) !== identities) asked.push(identities);
          return Promise.resolve(buyers.map(() => NOBODY));
        },
      });
      await knowledge.ready;
      for (let turns = 0; turns < 3 || asked.length < expected.length; turns += 1)
        await knowledge.of({ appId: 'a', openId: 'o' }, WANTED);
      expect(asked).toEqual(expected);
    });
  });

  it('stays what it was while the catalogue can not be read', async () => {
    let reads = 0;
    open({
      readCatalogue: () =>
        reads++ === 0 ? Promise.resolve(snapshot('v1')) : Promise.reject(new Error('away')),
    });
    while (reads < 3) await turn();
    expect(knowledge.catalogue()?.version).toBe('v1');
    await expect(knowledge.of({ appId: 'a', openId: 'o' }, WANTED)).resolves.toMatchObject({ buyer: NOBODY });
  });

  it('is nothing before a catalogue was read', async () => {
    open({ readCatalogue: () => Promise.reject(new Error('away')) });
    await knowledge.ready;
    await expect(knowledge.of({ appId: 'a', openId: 'o' }, WANTED)).rejects.toThrow('could not be read yet');
  });
});

describe('how fresh that is', () => {
  const watch = (behind: () => Promise<number>, now: () => number): Freshness =>
    (freshness = watchFreshness({ behind, everyMs: 1, now }));

  it('is how far the oldest record is behind that is not counted, and grows until somebody answers again', async () => {
    open({});
    let now = 1_000_000;
    let away = false;
    let asked = 0;
    watch(
      () => {
        asked += 1;
        return away ? Promise.reject(new Error('away')) : Promise.resolve(700);
      },
      () => now,
    );
    await freshness?.ready;
    expect(freshness?.age()).toBe(700);
    away = true;
    const before = asked;
    while (asked < before + 2) await turn();
    now += 61_000;
    expect(freshness?.age()).toBe(61_700);
    away = false;
    while (freshness?.age() !== 700) await turn();
  });

  it('is asked for again at once when an answer comes after a long time', async () => {
    open({});
    let asked = 0;
    const slow = async (): Promise<number> => {
      asked += 1;
      if (asked === 1) await new Promise((resolve) => setTimeout(resolve, 300));
      return 0;
    };
    freshness = watchFreshness({ behind: slow, everyMs: 1, now: () => performance.now() });
    await freshness.ready;
    const answered = performance.now();
    while (freshness.age() > 250) await turn();
    expect(performance.now() - answered).toBeLessThan(2 * 300);
  });

  it('stays fresh when nothing is published', async () => {
    open({});
    let now = 1_000_000;
    watch(
      () => Promise.resolve(0),
      () => now,
    );
    await freshness?.ready;
    now += 3_600_000;
    while ((freshness?.age() ?? 0) > 0) await turn();
  });

  it('is not known before anybody answered', async () => {
    open({});
    watch(
      () => Promise.reject(new Error('away')),
      () => 1,
    );
    await freshness?.ready;
    expect(freshness?.age()).toBe(Number.POSITIVE_INFINITY);
  });
});
