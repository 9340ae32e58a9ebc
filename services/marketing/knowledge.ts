import { startGauge } from '../../runtime/process/gauge.ts';
import type { Known } from './check-out.ts';
import type { BuyerKey, BuyerLookUp, CatalogueSnapshot } from './interface.ts';
import { presence } from './presence.ts';
import { sharedLookUps } from './shared-look-ups.ts';

export interface KnowledgeOptions {
  /** The catalogue that was applied last; `held`, if that is still the one. */
  readonly readCatalogue: (held: CatalogueSnapshot | undefined) => Promise<CatalogueSnapshot>;
  /** Whether anybody was ever told who a buyer is. */
  readonly hasIdentities: () => Promise<boolean>;
  /** How often both are asked for. */
  readonly everyMs: number;
  readonly lookUp: BuyerLookUp;
  /** ms that a look-up may take: nobody waits any longer. */
  readonly lookUpMs: number;
  /** ms that a look-up waits for others. */
  readonly shareMs: number;
  /** Look-ups at the same time at the most. */
  readonly lookUps: number;
  /** Told of each look-up. */
  readonly onLookUp: (buyers: number, seconds: number) => void;
}

/** What the service knows: the catalogue in memory, buyers by asking. */
export interface Knowledge {
  /** Resolves when the catalogue was read for the first time, or could not be. */
  readonly ready: Promise<void>;
  readonly of: (buyer: BuyerKey, isOver: () => boolean) => Promise<Known>;
  /** undefined: none could be read yet. */
  catalogue(): CatalogueSnapshot | undefined;
  stop(): Promise<void>;
}

const SHARED_BUYERS = 200;
/** Long for a look-up, and a fourth of the time that a request has. */
const PATIENCE_MS = 200;

export function openKnowledge(options: KnowledgeOptions): Knowledge {
  const { readCatalogue, hasIdentities, everyMs, shareMs, lookUps } = options;
  let held: CatalogueSnapshot | undefined;
  const identities = presence(hasIdentities, () => performance.now());
  const reading = startGauge(
    async () => {
      held = await readCatalogue(held);
      await identities.ask();
    },
    everyMs,
    everyMs,
  );
  const catalogue = () => held;
  return {
    ready: reading.ready,
    of: sharedLookUps((buyers) => knownOf(buyers, catalogue(), identities.mayBe(), options), {
      waitMs: shareMs,
      keys: SHARED_BUYERS,
      questions: lookUps,
      patienceMs: PATIENCE_MS,
    }),
    catalogue,
    stop: () => reading.stop(),
  };
}

/** Of one catalogue: what a buyer has and what his app offers must be of the same version. */
async function knownOf(
  keys: readonly BuyerKey[],
  catalogue: CatalogueSnapshot | undefined,
  identities: boolean,
  { lookUp, lookUpMs, onLookUp }: KnowledgeOptions,
): Promise<Known[]> {
  if (catalogue === undefined) throw new Error('the catalogue could not be read yet');
  const began = performance.now();
  const version = hasHolders(keys, catalogue) ? catalogue.version : undefined;
  const buyers = await lookUp(keys, { version, identities }, { timeoutMs: lookUpMs });
  onLookUp(keys.length, (performance.now() - began) / 1000);
  return buyers.map((buyer, at) => ({ buyer, catalogue: catalogue.of(keys[at]?.appId ?? '') }));
}

/** Whether one of the buyers may be a member of something, or have points. */
const hasHolders = (keys: readonly BuyerKey[], catalogue: CatalogueSnapshot): boolean =>
  [...new Set(keys.map(({ appId }) => appId))]
    .map((appId) => catalogue.of(appId))
    .some(({ memberships, scores }) => memberships.size > 0 || scores.size > 0);
