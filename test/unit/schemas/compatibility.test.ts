import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { WRITER_SCHEMAS } from '../../../schemas/index.ts';
import { eventOf } from '../../arbitrary/event.ts';
import { validExamples } from './example-files.ts';
import { incompatibilities, sameIds, thawed, type SchemaTexts } from './schema-check.ts';

const SCHEMAS = new URL('../../../schemas/coupon_order/', import.meta.url);
const FIXTURES = new URL('../../fixtures/coupon_order/', import.meta.url);

const textsOf = (folder: URL): SchemaTexts =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((file) => /^v\d+\.avsc$/.test(file))
      .map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]),
  );

const released = textsOf(SCHEMAS);
const v1 = released['v1.avsc'] ?? '';
const events = validExamples().map(([, report]) => eventOf(report));

/** v1 with one text in the place of another, which it holds. */
function changed(from: string, to: string): string {
  if (!v1.includes(from)) throw new Error(`v1.avsc does not hold ${from}`);
  return v1.replace(from, to);
}

describe('the released schemas', () => {
  it('are those that are written and read', () => {
    const listed = WRITER_SCHEMAS.map(({ version, text }) => [`v${version}.avsc`, text]);
    expect(Object.fromEntries(listed)).toEqual(released);
  });

  it('read each other’s values, both ways, also with a next version', () => {
    expect(incompatibilities({ ...textsOf(FIXTURES), ...released }, events)).toEqual([]);
    expect(sameIds({ ...textsOf(FIXTURES), ...released })).toEqual([]);
  });

  it('are frozen', () => {
    const frozen = JSON.parse(readFileSync(new URL('frozen.json', SCHEMAS), 'utf8')) as Record<
      string,
      string
    >;
    expect(thawed(released, frozen)).toEqual([]);
  });
});

describe('the check of compatibility', () => {
  const PAGE = '{ "name": "page", "type": "string" },';

  it.each([
    [
      'a new field without a default',
      changed(PAGE, `${PAGE} { "name": "more", "type": "string" },`),
      ['v2.avsc'],
    ],
    ['a field left out that older readers need', changed(PAGE, ''), ['v1.avsc']],
    ['a renamed field', changed('"name": "page"', '"name": "path"'), ['v1.avsc', 'v2.avsc']],
    [
      'another type',
      changed('"name": "pay_amt", "type": "long"', '"name": "pay_amt", "type": "string"'),
      ['v1.avsc', 'v2.avsc'],
    ],
    [
      'a wider type',
      changed('"name": "chan_wxapp_scene", "type": "int"', '"name": "chan_wxapp_scene", "type": "long"'),
      ['v1.avsc'],
    ],
    ['a further symbol', changed('"refund"]', '"refund", "refunded"]'), ['v1.avsc']],
    [
      'an optional field that becomes required',
      changed(
        '"name": "page_title", "type": ["null", "string"], "default": null',
        '"name": "page_title", "type": "string", "default": ""',
      ),
      ['v2.avsc'],
    ],
  ])('finds %s', (_name, text, readers) => {
    const found = incompatibilities({ 'v1.avsc': v1, 'v2.avsc': text }, events);
    expect(found.map((sentence) => sentence.split(' ')[0]).sort()).toEqual(readers);
  });

  it('finds a version whose frames can’t be told from another’s', () => {
    expect(sameIds({ 'v1.avsc': v1, 'v2.avsc': changed('Amount payable', 'Amount') })).toEqual([
      'v1.avsc',
      'v2.avsc',
    ]);
  });
});

describe('the check of frozen files', () => {
  const sum = '0'.repeat(64);

  it.each([
    ['changed', { 'v1.avsc': v1 }, { 'v1.avsc': sum }],
    ['removed', {}, { 'v1.avsc': sum }],
    ['not recorded', { 'v2.avsc': v1 }, {}],
  ])('finds one that was %s', (_name, schemas, frozen) => {
    expect(thawed(schemas, frozen)).toHaveLength(1);
  });
});
