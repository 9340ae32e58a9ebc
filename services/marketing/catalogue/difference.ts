import type { StoredOffer } from './stored-offers.ts';

/** What applying a catalogue changes of one offer. */
export interface OfferChange {
  readonly change: 'added' | 'removed' | 'changed';
  readonly kind: StoredOffer['kind'];
  readonly app_id: string;
  readonly id: string;
  /** Of a changed one: what each field was, and will be. `members` and `balances` are counts. */
  readonly fields: readonly { readonly field: string; readonly before: unknown; readonly after: unknown }[];
}

const keyOf = ({ kind, app_id, id }: StoredOffer): string => JSON.stringify([kind, app_id, id]);

const byKey = (offers: readonly StoredOffer[]): Map<string, StoredOffer> =>
  new Map(offers.map((offer) => [keyOf(offer), offer]));

/** What changes from one catalogue to another, in the order of `after`, then what is gone. */
export function differenceOf(before: readonly StoredOffer[], after: readonly StoredOffer[]): OfferChange[] {
  const [old, next] = [byKey(before), byKey(after)];
  return [
    ...after.flatMap((offer) => changeOf(old.get(keyOf(offer)), offer)),
    ...before.filter((offer) => !next.has(keyOf(offer))).map((offer) => changeTo('removed', offer, [])),
  ];
}

function changeOf(old: StoredOffer | undefined, offer: StoredOffer): OfferChange[] {
  if (old === undefined) return [changeTo('added', offer, [])];
  const fields = changedFields(fieldsOf(old), fieldsOf(offer));
  if (old.holders_digest !== offer.holders_digest)
    fields.push({
      field: offer.kind === 'score' ? 'balances' : 'members',
      before: old.holders,
      after: offer.holders,
    });
  return fields.length === 0 ? [] : [changeTo('changed', offer, fields)];
}

const changeTo = (
  change: OfferChange['change'],
  { kind, app_id, id }: StoredOffer,
  fields: OfferChange['fields'],
): OfferChange => ({ change, kind, app_id, id, fields });

const fieldsOf = ({ offer }: StoredOffer): Record<string, unknown> =>
  JSON.parse(offer) as Record<string, unknown>;

function changedFields(before: Record<string, unknown>, after: Record<string, unknown>) {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((field) => ({ field, before: before[field], after: after[field] }))
    .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
}
