import { spawn } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { ownSettings, writeExampleOrders, writeQuestion } from '../../../../cli/up/check-out.ts';
import { parseReport } from '../../../../schemas/index.ts';
import { queryReader } from '../../../../services/marketing/request/query.ts';
import { rsaSignature } from '../../../../services/marketing/signature/rsa.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kaquan up's-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the check-out of up', () => {
  it('has a key pair and a token of its own, which stay', () => {
    const settings = ownSettings(folder, {});
    const key = readFileSync(settings['MARKETING_PUBLIC_KEY_FILE'] ?? '', 'utf8');
    expect(key).toContain('BEGIN PUBLIC KEY');
    expect(readFileSync(settings['MARKETING_ADMIN_TOKEN_FILE'] ?? '', 'utf8')).toMatch(/^[\w-]{32}$/);
    expect(statSync(join(folder, 'platform-private-key.pem')).mode & 0o777).toBe(0o600);
    expect(ownSettings(folder, {})).toEqual(settings);
    expect(readFileSync(settings['MARKETING_PUBLIC_KEY_FILE'] ?? '', 'utf8')).toBe(key);
  });

  it('leaves it to the environment how requests are signed, where that says so', () => {
    expect(ownSettings(folder, { MARKETING_SIGNATURE: 'none' })).toEqual({});
    expect(ownSettings(folder, { MARKETING_PUBLIC_KEY_FILE: 'theirs.pem' })).toEqual({});
    expect(ownSettings(folder, { MARKETING_ADMIN_TOKEN_FILE: 'theirs' })).not.toHaveProperty(
      'MARKETING_ADMIN_TOKEN_FILE',
    );
  });

  it('brings its buyer four coupons, by reports that are valid', () => {
    const lines = readFileSync(writeExampleOrders(folder, '2026-01-31T12:00:00Z'), 'utf8').trim().split('\n');
    const batches = lines.map((line) => {
      const parsed = parseReport(JSON.parse(line));
      return parsed.ok ? parsed.event.coupon.coupon_batch_id : parsed.violations;
    });
    expect(batches).toEqual(['batch-A', 'batch-B', 'batch-C', 'batch-D']);
  });

  it('shows a command that asks, signed, when it is run', async () => {
    const { MARKETING_PUBLIC_KEY_FILE: key = '' } = ownSettings(folder, {});
    const { url, asked, close } = await listening();
    const { command, file } = writeQuestion(folder, `${url}/api/v2/query_marketing_info`);
    for (const args of [['-c', command], [file]]) {
      await new Promise((resolve) => spawn('sh', args).once('close', resolve));
      const { headers, body } = asked.pop() ?? { headers: {}, body: Buffer.alloc(0) };
      const header = (name: string) => headers[name]?.toString();
      const verify = rsaSignature(createPublicKey(readFileSync(key)), 300_000);
      expect(verify({ header, query: new URLSearchParams(), body }, Date.now())).toBeUndefined();
      expect(queryReader(['2.0'])(body)).toMatchObject({
        ok: true,
        query: { buyer: { openId: 'oZ' }, lines: [{ total: 7000 }, { total: 3000 }] },
      });
    }
    close();
  });
});

interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Where anything can be asked; it keeps what was. */
async function listening() {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      asked.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}
