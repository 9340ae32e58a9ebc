import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Package {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const text = readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8');
const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Package>> };

describe('package-lock.json', () => {
  it('has a package for every platform, or npm ci refuses it', () => {
    const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) =>
      Object.keys(optionalDependencies),
    );
    const names = new Set(Object.keys(packages).map((path) => path.split('node_modules/').at(-1)));
    expect(wanted.length).toBeGreaterThan(0);
    // Mended by: node scripts/complete-lock.mjs
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
  });

  it('names no registry, so that everybody uses his own', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    expect(text).not.toMatch(/https?:\/\/registry/);
  });
});
