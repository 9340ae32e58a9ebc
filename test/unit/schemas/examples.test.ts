import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  createSchemas,
  encodeEvent,
  eventIdText,
  framedId,
  LATEST,
  parseReport,
} from '../../../schemas/index.ts';
import { eventOf, type Report } from '../../arbitrary/event.ts';
import { variantsOf } from '../../arbitrary/variants.ts';
import { invalidExamples, validExamples } from './example-files.ts';

interface Golden {
  readonly event_id: string;
  /** Hex of the framed value, per schema version. */
  readonly v1: string;
}

const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/coupon_order/golden.json', import.meta.url), 'utf8'),
) as Record<string, Golden>;
const schemas = createSchemas();

const bodyOf = (report: Report | Report['props']): Report =>
  'props' in report ? (report as Report) : { type: 'coupon_order', props: report };

describe.each(validExamples())('valid example %s', (name, report) => {
  const event = eventOf(report);

  it('has the id and the bytes that it always had', () => {
    const now = { event_id: eventIdText(event.event_id), v1: encodeEvent(event).toString('hex') };
    expect(now).toEqual(golden[name]);
  });

  it('is read from the bytes of each version', () => {
    const value = Buffer.from(golden[name]?.v1 ?? '', 'hex');
    expect(framedId(value)).toBe(LATEST.id);
    expect(schemas.decodeEvent(LATEST.id, value)).toEqual({ ok: true, value: event });
    expect(schemas.decodeFolded(LATEST.id, value).ok).toBe(true);
  });

  it.each(Object.entries(variantsOf(bodyOf(report))))('is the same event with %s', (_form, variant) => {
    expect(eventIdText(eventOf(variant).event_id)).toBe(golden[name]?.event_id);
  });
});

describe('valid examples', () => {
  const names = validExamples().map(([name]) => name);

  it('have golden bytes, and nothing else has', () => {
    expect(Object.keys(golden).sort()).toEqual(names);
  });

  it('are different events, except for those that are one in other forms', () => {
    const minimal = golden['minimal']?.event_id;
    const same = names.filter((name) => golden[name]?.event_id === minimal);
    expect(same).toEqual([
      'amount-trailing-zeros',
      'amount-without-decimals',
      'bare-props',
      'both-keys-equal',
      'minimal',
      'nulls-are-absent',
      'numbers-as-numbers',
      'order-key',
      'status-give-order',
    ]);
    expect(new Set(names.map((name) => golden[name]?.event_id)).size).toBe(names.length - same.length + 1);
  });

  it('hold the specification’s own body under the key of its table, too', () => {
    const [, body] = validExamples().find(([name]) => name === 'specification-http-body') ?? [];
    const parsed = parseReport(body);
    expect(parsed.ok && parsed.warnings.map(({ path, rule }) => [path, rule])).toEqual([
      ['props.order', 'legacy_key'],
    ]);
  });
});

describe.each(invalidExamples())('invalid example %s', (name, { report, violations }) => {
  it('is refused with exactly its rules, at their places', () => {
    const parsed = parseReport(report);
    const found = parsed.ok ? [] : parsed.violations.map(({ path, rule }) => `${path} ${rule}`);
    expect(found.sort()).toEqual(violations.map(({ path, rule }) => `${path} ${rule}`).sort());
    expect(violations.map(({ rule }) => rule)).toContain(name.split('-')[0]);
  });

  it('is described without its values', () => {
    const parsed = parseReport(report);
    for (const { found } of parsed.ok ? [] : parsed.violations) {
      expect(found).toMatch(/^(absent|null|boolean|number|object|(string|array)\(\d+\))$/);
    }
  });
});

it('there is an invalid example of each rule', () => {
  const rules = new Set(invalidExamples().map(([name]) => name.split('-')[0]));
  const wanted = [...Array.from({ length: 14 }, (_, index) => `R${index + 1}`), 'A1', 'A8', 'text', 'bounds'];
  expect([...rules].sort()).toEqual(wanted.sort());
});
