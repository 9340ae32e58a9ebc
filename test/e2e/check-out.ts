import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createInterface } from 'node:readline';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { OrderStatus } from '../../schemas/index.ts';
import { brokenRules } from '../oracle/marketing/answer-rules.ts';
import type { Answer } from '../oracle/marketing/answer-shape.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
export const APP = 'ttcfdbb96650e33351';
const LATTE = '7112741589566392365';
const PATH = '/api/v2/query_marketing_info';
const TOKEN = 'redeemer';

type Env = Readonly<Record<string, string | undefined>>;

/** One report of an order of the coffee shop. @param time ms */
export function report(
  order: string,
  status: OrderStatus,
  time: number,
  { openId, coupons, batch = 'batch-A' }: { openId: string; coupons: readonly string[]; batch?: string },
): object {
  return {
    coupon: {
      order_id: order,
      order_time: time,
      order_status: status,
      coupon_batch_id: batch,
      pay_amt: '9.00',
    },
    coupon_info: coupons.map((coupon_id) => ({ coupon_id })),
    page: 'pages/product',
    time,
    wx_user: { app_id: APP, open_id: openId },
    chan: { chan_wxapp_scene: 1037 },
  };
}

/** `kaquan serve marketing` as a process, and the platform that asks it. */
export interface CheckOut {
  readonly child: ChildProcess;
  /** The answer for a buyer who is about to order a 拿铁; the platform would take it. */
  ask(openId: string): Promise<Answer>;
  /** POST /redemptions. */
  redeem(couponIds: readonly string[], redeemed: boolean): Promise<unknown>;
  get(path: string): Promise<Response>;
  stop(): Promise<number | null>;
}

/** Starts the service with a key pair and a token of its own in `folder`. */
export async function startCheckOut(env: Env, folder: string): Promise<CheckOut> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const child = spawn(process.execPath, [MAIN, 'serve', 'marketing'], {
    env: {
      ...env,
      MARKETING_LISTEN: '127.0.0.1:0',
      MARKETING_PUBLIC_KEY_FILE: file(
        'platform.pem',
        publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      ),
      MARKETING_ADMIN_TOKEN_FILE: file('token', TOKEN),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await readyUrl(child);
  return {
    child,
    ask: (openId) => ask(`${url}${PATH}`, privateKey, openId),
    redeem: (coupon_ids, redeemed) => redeem(url, JSON.stringify({ coupon_ids, redeemed })),
    get: (path) => fetch(`${url}${path}`),
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    child.once('close', (code) => reject(new Error(`it ended with ${code}: ${said.join('\n')}`)));
    if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = /^ready: marketing at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
}

async function ask(url: string, key: KeyObject, openId: string): Promise<Answer> {
  const goods_info = [{ goods_id: LATTE, quantity: 1, price: 3000 }];
  const msg = JSON.stringify({ open_id: openId, app_id: APP, goods_info });
  const body = JSON.stringify({ version: '2.0', type: 'query_marketing_info', msg });
  const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomUUID()];
  const signature = sign('RSA-SHA256', Buffer.from(`${timestamp}\n${nonce}\n${body}\n`), key);
  const headers = {
    'byte-timestamp': timestamp,
    'byte-nonce-str': nonce,
    'byte-signature': signature.toString('base64'),
  };
  const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as Answer;
  const broken = brokenRules(answer, { goodsIds: [LATTE] });
  if (broken.length > 0) throw new Error(`the platform would refuse it: ${JSON.stringify(broken)}`);
  return answer;
}

async function redeem(url: string, body: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await fetch(`${url}/redemptions`, { method: 'POST', headers, body })).json();
}
