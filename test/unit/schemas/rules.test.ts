import { expect, it } from '@jest/globals';
import { RULES } from '../../../schemas/coupon_order/rules.ts';
import { knownMembers, type Known } from '../../../schemas/coupon_order/unknown.ts';
import { LATEST } from '../../../schemas/index.ts';

interface Places {
  [name: string]: Places;
}

interface AvroField {
  readonly name: string;
  readonly type: unknown;
}

/** The fields of an Avro schema below each other; of unions and arrays those of what they hold. */
function fieldsOf(schema: unknown): Places {
  if (Array.isArray(schema)) return Object.assign({}, ...schema.map(fieldsOf)) as Places;
  if (typeof schema !== 'object' || schema === null) return {};
  const { fields, items, type } = schema as { fields?: AvroField[]; items?: unknown; type?: unknown };
  if (fields !== undefined)
    return Object.fromEntries(fields.map((field) => [field.name, fieldsOf(field.type)]));
  return fieldsOf(items ?? type);
}

function placesOf(known: Known): Places {
  if (known === undefined) return {};
  if ('each' in known) return placesOf(known.each);
  return Object.fromEntries([...known.members].map(([name, member]) => [name, placesOf(member)]));
}

it('the rules and the newest schema have the same properties', () => {
  const { event_id, from, tracking_id, unknown, ...props } = fieldsOf(JSON.parse(LATEST.text));
  const { order, ...known } = placesOf(knownMembers(RULES.strict.props));
  expect(known).toEqual(props);
  expect(order).toEqual(known['coupon']);
  expect([event_id, from, tracking_id, unknown]).toEqual([{}, {}, {}, {}]);
});
