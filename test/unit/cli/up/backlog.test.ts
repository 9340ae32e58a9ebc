import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { pendingBacklog, recordBacklog } from '../../../../cli/up/backlog.ts';

const now = new Date('2026-01-31T12:00:00Z');
const later = new Date('2026-02-01T12:00:00Z');

describe('the simulated history', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kaquan-backlog-'));
    file = join(folder, 'backlog.json');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is published onto an empty topic, until now', () => {
    expect(pendingBacklog(file, 0, now)).toMatchObject({ until: '2026-01-31T12:00:00.000Z', done: false });
  });

  it("is not mixed into somebody's events", () => {
    expect(pendingBacklog(file, 1, now)).toBeUndefined();
  });

  it('is the very same one when publishing it was broken off', () => {
    const first = pendingBacklog(file, 0, now);
    if (first === undefined) throw new Error('nothing to publish');
    recordBacklog(file, first);
    expect(pendingBacklog(file, 4711, later)).toEqual(first);
  });

  it('is published once', () => {
    const first = pendingBacklog(file, 0, now);
    if (first === undefined) throw new Error('nothing to publish');
    recordBacklog(file, { ...first, done: true });
    expect(pendingBacklog(file, 0, later)).toBeUndefined();
  });
});
