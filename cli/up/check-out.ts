import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import { currentVersion } from '../../services/marketing/catalogue/snapshot.ts';
import { catalogueApply } from '../catalogue/apply.ts';
import { connectClickHouse } from '../connections.ts';
import type { Io } from '../io.ts';

/** The document's own example: a coffee shop, and a buyer who holds a coupon of each of its four batches. */
const COFFEE_SHOP = fileURLToPath(
  new URL('../../schemas/catalogue/examples/coffee-shop.yaml', import.meta.url),
);
const APP = 'ttcfdbb96650e33351';
const BUYER = 'oZ';
const GOODS = [
  { goods_id: '7112741589566392364', quantity: 2, price: 3500 },
  { goods_id: '7112741589566392365', quantity: 1, price: 3000 },
];

const FILES = {
  privateKey: 'platform-private-key.pem',
  publicKey: 'platform-public-key.pem',
  token: 'admin-token',
  request: 'request.json',
  ask: 'ask.sh',
} as const;

/**
 * The settings of a check-out of this machine's own, whose key pair and token it makes in `folder` unless they are there; none
 * where the environment says itself how requests are signed.
 */
export function ownSettings(folder: string, env: Io['env']): Record<string, string> {
  if (env['MARKETING_SIGNATURE'] || env['MARKETING_PUBLIC_KEY_FILE']) return {};
  mkdirSync(folder, { recursive: true });
  const [key, token] = [join(folder, FILES.publicKey), join(folder, FILES.token)];
  if (!existsSync(key)) makeKeys(folder);
  if (env['MARKETING_ADMIN_TOKEN_FILE']) return { MARKETING_PUBLIC_KEY_FILE: key };
  if (!existsSync(token)) writeSecret(token, randomBytes(24).toString('base64url'));
  return { MARKETING_PUBLIC_KEY_FILE: key, MARKETING_ADMIN_TOKEN_FILE: token };
}

function makeKeys(folder: string): void {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeSecret(join(folder, FILES.privateKey), privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  writeFileSync(join(folder, FILES.publicKey), publicKey.export({ type: 'spki', format: 'pem' }));
}

const writeSecret = (file: string, text: string): void => writeFileSync(file, text, { mode: 0o600 });

/** Whether requests are verified with the key of `ownSettings`, so that they can be signed here. */
export const canSign = (folder: string, env: Io['env']): boolean =>
  !env['MARKETING_SIGNATURE'] && env['MARKETING_PUBLIC_KEY_FILE'] === join(folder, FILES.publicKey);

/** Applies the example catalogue if none ever was. @returns whether it did */
export async function applyExample(env: Io['env']): Promise<boolean> {
  const clickhouse = connectClickHouse(env);
  try {
    if ((await currentVersion(clickhouse)) !== undefined) return false;
  } finally {
    await clickhouse.close();
  }
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await catalogueApply({ path: COFFEE_SHOP }, { env, stdout: nowhere, stderr: nowhere });
  return true;
}

/** Writes reports of the four orders that brought the example's buyer his coupons. @param paidAt ISO 8601 @returns the file */
export function writeExampleOrders(folder: string, paidAt: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'orders.ndjson');
  const reports = ['A', 'B', 'C', 'D'].map((name) => JSON.stringify(paidOrder(name, Date.parse(paidAt))));
  writeFileSync(file, `${reports.join('\n')}\n`);
  return file;
}

const paidOrder = (name: string, time: number): object => ({
  coupon: {
    order_id: `coffee-${name}`,
    order_time: time,
    order_status: 'payed',
    coupon_batch_id: `batch-${name}`,
    pay_amt: '9.00',
  },
  coupon_info: [{ coupon_id: `coupon-${name}` }],
  page: 'pages/coupon/detail',
  time,
  wx_user: { app_id: APP, open_id: BUYER },
  chan: { chan_wxapp_scene: 1037 },
});

/**
 * A command that asks as the platform would, signed when it runs: which of his coupons may the buyer use for 100 yuan of coffee?
 * It is written to a file too. @param url of the service's callback @returns the command, and the file
 */
export function writeQuestion(
  folder: string,
  url: string,
): { readonly command: string; readonly file: string } {
  const msg = JSON.stringify({ open_id: BUYER, app_id: APP, goods_info: GOODS });
  const request = JSON.stringify({ version: '2.0', type: 'query_marketing_info', msg });
  const path = (name: string): string => quoted(resolve(folder, name));
  writeFileSync(join(folder, FILES.request), request);
  // The space keeps `$( (` from being arithmetic.
  const signed = ` (printf '%s\\nn\\n' "$T"; cat ${path(FILES.request)}; echo)`;
  const signature = `$(${signed} | openssl dgst -sha256 -sign ${path(FILES.privateKey)} | openssl base64 -A)`;
  const command = [
    `T=$(date +%s); curl -s ${url}`,
    `-H "Byte-Timestamp: $T" -H 'Byte-Nonce-Str: n'`,
    `-H "Byte-Signature: ${signature}"`,
    `--data-binary @${path(FILES.request)}`,
  ].join(' \\\n  ');
  const file = join(folder, FILES.ask);
  writeFileSync(file, `${command}\n`);
  return { command, file };
}

/** For a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
