import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Verdict } from '../../../consumers/report/judge.ts';
import { Lane, PUBLISHED_TWICE, type Parcel } from '../../../consumers/report/lane.ts';
import type { FetchedRecord } from '../../../runtime/kafka/group.ts';

/** A record as a line of text: `app order event`, `redriven app order event`, or anything else: dead. */
const record = (offset: number, line: string): FetchedRecord => ({
  partition: 3,
  offset,
  time: 0,
  key: null,
  value: Buffer.from(line),
  headers: {},
});

function judge({ value }: FetchedRecord): Verdict {
  const words = String(value).split(' ');
  const isRedriven = words[0] === 'redriven';
  const [appId, , eventId] = isRedriven ? words.slice(1) : words;
  if (appId === undefined || eventId === undefined) return { kind: 'dead', reason: 'malformed' };
  const body = value ?? Buffer.alloc(0);
  return { kind: 'event', event: { appId, eventId, time: 0, body, isRedriven } };
}

function laneOf(
  lines: readonly (string | undefined)[],
  start = 100,
  sentBefore: Readonly<Record<string, number>> = {},
): Lane {
  const lane = new Lane({
    partition: 3,
    start,
    note: { apps: new Map(Object.entries(sentBefore)) },
    brakeWindow: 10,
    brakeShare: 1,
    judge,
  });
  const records = lines.flatMap((line, index) => (line === undefined ? [] : [record(start + index, line)]));
  lane.put({ epoch: 1, partition: 3, records, from: start, to: start + lines.length });
  return lane;
}

const LIMITS = { events: 3, bytes: 1000 };

function parcels(lane: Lane, limits = LIMITS): Parcel[] {
  const taken: Parcel[] = [];
  while (!lane.isEmpty) {
    lane.ahead();
    taken.push(lane.take(limits));
  }
  return taken;
}

const bodies = ({ events }: Parcel): string[] => events.map(({ event }) => event.body.toString());

describe('a lane', () => {
  it('sends events of one app together, as many as an array holds', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'a 2 z', 'a 3 v', 'a 4 w', 'b 2 u']);
    expect(parcels(lane).map(bodies)).toEqual([['a 1 x', 'a 2 z', 'a 3 v'], ['b 1 y', 'b 2 u'], ['a 4 w']]);
  });

  it('sends an event that is longer than an array alone', () => {
    const long = `a 2 ${'z'.repeat(50)}`;
    const lane = laneOf(['a 1 x', long, 'a 3 v']);
    expect(parcels(lane, { events: 50, bytes: 40 }).map(bodies)).toEqual([['a 1 x'], [long], ['a 3 v']]);
  });

  it('does not mix what was redriven with what was not, nor lets it overtake', () => {
    const lane = laneOf(['a 1 x', 'redriven a 1 o', 'a 1 y', 'redriven a 2 p', 'redriven a 2 p']);
    expect(parcels(lane).map(bodies)).toEqual([
      ['a 1 x'],
      ['redriven a 1 o'],
      ['a 1 y'],
      ['redriven a 2 p'],
      ['redriven a 2 p'],
    ]);
  });

  it('knows the copy of an event, and what is no event', () => {
    const lane = laneOf(['a 1 x', 'a 1 x', 'dead', undefined, 'a 2 y']);
    const [parcel] = parcels(lane);
    expect(bodies(parcel ?? { events: [], others: [] })).toEqual(['a 1 x', 'a 2 y']);
    expect(parcel?.others.map(({ first, next, verdict }) => [first, next, verdict])).toEqual([
      [101, 102, { kind: 'skip', reason: PUBLISHED_TWICE }],
      [102, 103, { kind: 'dead', reason: 'malformed' }],
      [103, 104, { kind: 'skip', reason: 'no_record' }],
    ]);
  });

  it('knows the copy of an event that waits while more are taken than it remembers', () => {
    const rare = Array.from({ length: 450 }, (_, app) => `r${app}`);
    const lane = laneOf([
      ...rare.map((app) => `${app} 1 ${app}-0`),
      'a 1 x',
      ...rare.flatMap((app) => Array.from({ length: 49 }, (_, at) => `${app} 1 ${app}-${at + 1}`)),
      'a 1 x',
    ]);
    const all = parcels(lane, { events: 50, bytes: 100_000 });
    expect(all.flatMap(bodies).filter((body) => body === 'a 1 x')).toHaveLength(1);
    expect(all.flatMap(({ events }) => events)).toHaveLength(450 * 50 + 1);
  });

  it('takes only what was looked at, and shows each record once', () => {
    const lane = laneOf(['a 1 x', 'a 2 y']);
    const texts = () => lane.ahead().map(({ value }) => String(value));
    expect(texts()).toEqual(['a 1 x', 'a 2 y']);
    lane.put({ epoch: 1, partition: 3, records: [record(102, 'a 3 z')], from: 102, to: 103 });
    expect(bodies(lane.take(LIMITS))).toEqual(['a 1 x', 'a 2 y']);
    expect(texts()).toEqual(['a 3 z']);
    expect(texts()).toEqual([]);
    expect(bodies(lane.take(LIMITS))).toEqual(['a 3 z']);
  });

  it('shows no record again that was kept for a later parcel', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'a 2 z', 'b 2 u']);
    const texts = () => lane.ahead().map(({ value }) => String(value));
    expect(texts()).toHaveLength(4);
    expect(bodies(lane.take(LIMITS))).toEqual(['a 1 x', 'a 2 z']);
    lane.put({ epoch: 1, partition: 3, records: [record(104, 'b 3 v')], from: 104, to: 105 });
    expect(bodies(lane.take({ ...LIMITS, events: 1 }))).toEqual(['b 1 y']);
    expect(texts()).toEqual(['b 3 v']);
    expect(bodies(lane.take(LIMITS))).toEqual(['b 2 u', 'b 3 v']);
  });

  it('knows the copy of an event that is kept for a later parcel, and of one that was taken', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'b 1 y', 'a 2 z', 'a 3 v', 'a 1 x', 'b 1 y']);
    const taken = parcels(lane);
    expect(taken.map(bodies)).toEqual([['a 1 x', 'a 2 z', 'a 3 v'], ['b 1 y']]);
    const copies = taken.flatMap(({ others }) => others);
    expect(copies.map(({ first, verdict }) => [first, verdict])).toEqual(
      [102, 105, 106].map((offset) => [offset, { kind: 'skip', reason: PUBLISHED_TWICE }]),
    );
  });

  it('takes what was redriven behind its original, once in an array, and no other copy of either', () => {
    const lane = laneOf(['a 1 x', 'redriven a 1 x', 'redriven a 2 y', 'redriven a 1 x', 'a 2 y']);
    const taken = parcels(lane);
    expect(taken.map(bodies)).toEqual([['a 1 x'], ['redriven a 1 x', 'redriven a 2 y'], ['redriven a 1 x']]);
    expect(taken.flatMap(({ others }) => others.map(({ first }) => first))).toEqual([104]);
  });

  it('starts where it will be fetched, before anything was', () => {
    expect(laneOf([], 100).position()).toBe(100);
  });

  it('commits no further than what is accounted for, whatever is done first', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'a 2 z']);
    const [a, b] = parcels(lane);
    for (const { entry } of a?.events ?? []) entry.isDone = true;
    expect(lane.position()).toBe(101);
    for (const { entry } of b?.events ?? []) entry.isDone = true;
    expect(lane.position()).toBe(103);
  });

  it('notes what was accepted until the ledger has it', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'a 2 z']);
    const [a, b] = parcels(lane);
    const notedA = lane.accepted(a?.events ?? []);
    expect(lane.note()).toBe('{"sent":{"a":103}}');
    const notedB = lane.accepted(b?.events ?? []);
    if (notedA !== undefined) lane.stored(notedA);
    expect(lane.note()).toBe('{"sent":{"b":102}}');
    if (notedB !== undefined) lane.stored(notedB);
    expect(lane.note()).toBeUndefined();
  });

  it('notes what was accepted before the assignment until the commit is past it', () => {
    const lane = laneOf(['a 1 x', 'b 1 y', 'a 2 z', 'c 1 v', 'b 2 w'], 100, { a: 103, b: 102 });
    expect(lane.note()).toBe('{"sent":{"a":103,"b":102}}');
    const [a, b] = parcels(lane);
    const noted = lane.accepted(b?.events.slice(1) ?? []);
    expect(lane.note()).toBe('{"sent":{"a":103,"b":105}}');
    for (const { entry } of [...(a?.events ?? []), ...(b?.events ?? [])]) entry.isDone = true;
    if (noted !== undefined) lane.stored(noted);
    expect(lane.position()).toBe(103);
    expect(lane.note()).toBeUndefined();
  });

  it('hands over every record once, and each order in its order', () => {
    const line = fc
      .tuple(fc.boolean(), fc.constantFrom('a', 'b', 'c'), fc.nat(3), fc.nat(12))
      .map(
        ([isRedriven, app, order, event]) =>
          `${isRedriven ? 'redriven ' : ''}${app} ${order} ${app}${order}${event}`,
      );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(line, fc.constant('dead'), fc.constant(undefined)), { maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 10, max: 60 }),
        (lines, events, bytes) => {
          const lane = laneOf(lines);
          const taken = parcels(lane, { events, bytes });
          const entries = taken.flatMap((parcel) => [
            ...parcel.others,
            ...parcel.events.map(({ entry }) => entry),
          ]);
          const offsets = entries.flatMap(({ first, next }) =>
            Array.from({ length: next - first }, (_, n) => first + n),
          );
          expect(offsets.sort((x, y) => x - y)).toEqual(lines.map((_, n) => 100 + n));
          const sent = taken.flatMap((parcel) => parcel.events);
          for (const app of ['a', 'b', 'c']) {
            const own = sent.filter(({ event }) => event.appId === app).map(({ entry }) => entry.first);
            expect(own).toEqual([...own].sort((x, y) => x - y));
          }
          for (const parcel of taken) {
            expect(new Set(parcel.events.map(({ event }) => event.appId)).size).toBeLessThanOrEqual(1);
            expect(parcel.events.length).toBeLessThanOrEqual(events);
          }
        },
      ),
    );
  });
});
