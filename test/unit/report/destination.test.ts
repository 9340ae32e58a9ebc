import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { reportSettings } from '../../../consumers/report/config.ts';
import { destinationOf } from '../../../consumers/report/main.ts';
import { OperatorError } from '../../../runtime/process/operator-error.ts';
import { parseSettings } from '../../../runtime/process/settings.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kaquan-destination-'));
  writeFileSync(join(folder, 'open.json'), '{"*": {"app_id": "bi1"}}');
  writeFileSync(join(folder, 'broken.json'), '{"*": {"app_secret": "hush-1"}}');
});

afterAll(() => rmSync(folder, { recursive: true }));

const URL_SET = { REPORT_URL: 'http://127.0.0.1:1' };
const destination = (env: Record<string, string>) => destinationOf(parseSettings(reportSettings, env));

describe('consume report', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['REPORT_URL', {}, /^REPORT_URL is not set/],
    ['REPORT_CREDENTIALS', URL_SET, /^REPORT_CREDENTIALS is not set/],
    ['a file', { ...URL_SET, REPORT_CREDENTIALS: '/nowhere.json' }, /^REPORT_CREDENTIALS: \/nowhere.json/],
  ])('refuses to start without %s, and names it', (_, env, message) => {
    expect(() => destination(env)).toThrow(OperatorError);
    expect(() => destination(env)).toThrow(message);
  });

  it('refuses to sign without a secret', () => {
    const env = { ...URL_SET, REPORT_CREDENTIALS: join(folder, 'open.json') };
    expect(destination(env).credentials.get('*')?.appId).toBe('bi1');
    expect(() => destination({ ...env, REPORT_MODE: 'safe-report' })).toThrow('* has no app_secret');
  });

  it('tells no secret of a broken file', () => {
    const env = { ...URL_SET, REPORT_CREDENTIALS: join(folder, 'broken.json') };
    expect(() => destination(env)).toThrow('*.app_id');
    expect(() => destination(env)).not.toThrow(/hush/);
  });
});
