import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';

import {
  credentialOf,
  CredentialsError,
  credentialsFile,
  issuedCredential,
  parseAnswer,
  readCredentials,
} from '../../../../schemas/report_api/index.ts';

const SECRET = 'hush-2f81c';

const read = (files: Record<string, string>, path = 'apps.json') =>
  readCredentials(path, (name) => {
    const content = files[name];
    if (content === undefined) throw new Error(`no such file ${name}`);
    return content;
  });

const messageOf = (files: Record<string, string>): string => {
  try {
    read(files);
  } catch (error) {
    expect(error).toBeInstanceOf(CredentialsError);
    return error instanceof Error ? error.message : '';
  }
  return 'no error';
};

describe('credentials', () => {
  const files = {
    'apps.json': JSON.stringify({
      wx1: { app_id: 'bi1', app_secret: SECRET },
      wx2: { app_id: 'bi2', app_secret_file: 'bi2.secret' },
      '*': { app_id: 'bi0' },
    }),
    'bi2.secret': `  ${SECRET}-2\n`,
  };

  it('are found by the WeChat app_id, else by *', () => {
    const credentials = read(files);
    expect(credentialOf(credentials, 'wx1')?.appId).toBe('bi1');
    expect(credentialOf(credentials, 'wx9')?.appId).toBe('bi0');
    expect(credentialOf(credentials, 'wx2')?.secret?.export().toString()).toBe(`${SECRET}-2`);
    expect(issuedCredential(credentials, 'bi2')).toBe(credentials.get('wx2'));
    expect(issuedCredential(credentials, 'bi9')).toBeUndefined();
  });

  it('without * know no other app', () => {
    const credentials = read({ 'apps.json': JSON.stringify({ wx1: { app_id: 'bi1' } }) });
    expect(credentialOf(credentials, 'wx9')).toBeUndefined();
  });

  it('show their secret neither as text nor as JSON', () => {
    const credential = read(files).get('wx1');
    expect(`${JSON.stringify(credential)} ${inspect(credential, { depth: 9 })}`).not.toContain('hush');
  });

  it('that can not be read name the setting that names their file', () => {
    expect(() => credentialsFile('SOME_CREDENTIALS', '/none/apps.json')).toThrow(
      new CredentialsError("SOME_CREDENTIALS: /none/apps.json: can't read the file"),
    );
  });

  it.each([
    ['no file', {}, "apps.json: can't read the file"],
    ['no JSON', { 'apps.json': `{"wx1": "${SECRET}` }, 'apps.json: must be JSON'],
    ['no app', { 'apps.json': '{}' }, 'apps.json: must name at least one app'],
    [
      'no app_id',
      { 'apps.json': `{"wx1": {"app_secret": "${SECRET}"}}` },
      'apps.json: wx1.app_id: must be a string',
    ],
    [
      'two secrets',
      { 'apps.json': `{"wx1": {"app_id": "b", "app_secret": "${SECRET}", "app_secret_file": "f"}}` },
      'apps.json: wx1: must have app_secret or app_secret_file, not both',
    ],
    [
      'a missing secret file',
      { 'apps.json': '{"wx1": {"app_id": "b", "app_secret_file": "gone"}}' },
      "apps.json: wx1.app_secret_file: can't read the file gone",
    ],
    [
      'an empty secret file',
      { 'apps.json': '{"wx1": {"app_id": "b", "app_secret_file": "f"}}', f: ' \n' },
      'apps.json: wx1.app_secret_file: the file must not be empty',
    ],
    [
      'a secret that is no text',
      { 'apps.json': '{"wx1": {"app_id": "b", "app_secret": 7}}' },
      'wx1.app_secret',
    ],
    [
      'a name that is wrong',
      { 'apps.json': '{"wx1": {"app_id": "b", "secret": "x"}}' },
      'wx1: must not have secret',
    ],
    ['a text in the place of an app', { 'apps.json': '{"wx1": "b"}' }, 'wx1: must be {"app_id", '],
    ['a list', { 'apps.json': '[]' }, 'apps.json: must be an object of {"app_id", '],
  ])('with %s are refused, and no secret is told', (_case, broken, message) => {
    expect(messageOf(broken)).toContain(message);
    expect(messageOf(broken)).not.toContain('hush');
  });
});

describe('an answer', () => {
  it.each([
    ['{"code":0,"msg":"ok"}', { code: 0, msg: 'ok' }],
    ['{"code":7}', { code: 7, msg: '' }],
    ['{"code":"0"}', { code: 0, msg: '' }],
    ['{"code":"-12","msg":7}', { code: -12, msg: '' }],
    ['{"code":""}', undefined],
    ['{"code":"ok"}', undefined],
    ['{"code":null}', undefined],
    ['{"code":1e999}', undefined],
    ['{"msg":"ok"}', undefined],
    ['<html>', undefined],
    ['', undefined],
    ['null', undefined],
    ['0', undefined],
    ['[0]', undefined],
    ['"code"', undefined],
  ])('%s', (body, expected) => {
    expect(parseAnswer(body)).toEqual(expected);
  });
});
