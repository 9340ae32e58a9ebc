import { hash } from 'node:crypto';

import type { ChanCustom } from '../../schemas/coupon_order/event.ts';
import { createRandom, weighted, zipf, type Random } from '../../runtime/process/random.ts';
import { BRANDS, CHANNELS, DISTRICTS, OFFERS, PAGES, PRICES, STREETS } from './vocabulary.ts';

/** Coupons of one kind that are sold at one price. */
export interface Batch {
  readonly id: string;
  readonly priceFen: number;
  readonly page: string;
  readonly title: string;
}

export interface Shop {
  readonly id: string;
  readonly name: string;
}

/** Where a buyer came from. */
export interface Channel {
  readonly id: string;
  readonly referAppId: string;
  readonly custom: Readonly<Record<keyof ChanCustom, string>>;
}

/** One of the merchant's mini programs. */
export interface App {
  readonly id: string;
  readonly batches: readonly Batch[];
  readonly shops: readonly Shop[];
  readonly channels: readonly Channel[];
  readonly batchIndex: (random: Random) => number;
}

export interface Merchant {
  readonly apps: readonly App[];
  readonly appIndex: (random: Random) => number;
}

const BATCHES = 60;
const SHOPS = 24;

/** The merchant of a seed; its batches' popularity follows Zipf's law, app by app. */
export function createMerchant(seed: string): Merchant {
  const random = createRandom(seed, 'merchant');
  return {
    apps: BRANDS.map((brand, index) => createApp(seed, brand, index, random)),
    appIndex: weighted(zipf(BRANDS.length)),
  };
}

const hex = (text: string, digits: number): string => hash('sha256', text).slice(0, digits);

function createApp(seed: string, brand: string, index: number, random: Random): App {
  const name = `${seed}/app/${index}`;
  return {
    id: `wx${hex(name, 16)}`,
    batches: Array.from({ length: BATCHES }, (_, at) => createBatch(brand, index * BATCHES + at, random)),
    shops: Array.from({ length: SHOPS }, (_, at) => createShop(brand, index * SHOPS + at)),
    channels: CHANNELS.flatMap((kind) => [1, 2, 3].map((at) => createChannel(name, kind, at, random))),
    batchIndex: weighted(zipf(BATCHES)),
  };
}

function createBatch(brand: string, number: number, random: Random): Batch {
  const offer = random.pick(OFFERS);
  return {
    id: `16${String(number).padStart(6, '0')}`,
    priceFen: Math.round(random.pick(PRICES) * 100),
    page: `${random.pick(PAGES)}?batch=16${String(number).padStart(6, '0')}`,
    title: `${brand}${offer}`,
  };
}

const createShop = (brand: string, number: number): Shop => ({
  id: `S${String(number + 1).padStart(4, '0')}`,
  name: `${brand}${DISTRICTS[number % DISTRICTS.length] ?? ''}${STREETS[number % STREETS.length] ?? ''}`,
});

function createChannel(name: string, kind: (typeof CHANNELS)[number], at: number, random: Random): Channel {
  const number = random.int(10_000, 99_999);
  return {
    id: String(number),
    referAppId: `wx${hex(`${name}/${kind.cat3}/${at}`, 16)}`,
    custom: {
      chan_custom_id: `${kind.cat3}-${number}`,
      chan_custom_id_desc: `${kind.cat3Desc}(id=${number})`,
      chan_custom_cat_3: kind.cat3,
      chan_custom_cat_3_desc: kind.cat3Desc,
      chan_custom_cat_2: kind.cat2,
      chan_custom_cat_2_desc: kind.cat2Desc,
      chan_custom_cat_1: kind.cat1,
      chan_custom_cat_1_desc: kind.cat1Desc,
    },
  };
}
