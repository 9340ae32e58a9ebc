import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';

import { APP, openIdOf } from './holdings.ts';

export const GOODS = ['7112741589566392364', '7112741589566392365', '7112741589566392366'];

export interface SignedBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The platform: its public key, and requests that it signs. */
export interface Platform {
  readonly publicKey: string;
  sign(openId: string): SignedBody;
}

export function createPlatform(): Platform {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign(openId) {
      const goods_info = GOODS.map((goods_id, at) => ({ goods_id, quantity: at + 1, price: 1500 }));
      const msg = JSON.stringify({ open_id: openId, app_id: APP, goods_info });
      const body = JSON.stringify({ version: '2.0', type: 'query_marketing_info', msg });
      const [timestamp, nonce] = [String(Math.floor(Date.now() / 1000)), randomUUID()];
      const signed = Buffer.from(`${timestamp}\n${nonce}\n${body}\n`);
      const signature = sign('RSA-SHA256', signed, privateKey).toString('base64');
      return {
        headers: { 'byte-timestamp': timestamp, 'byte-nonce-str': nonce, 'byte-signature': signature },
        body,
      };
    },
  };
}

/** Requests of random buyers, each signed on its own. @param random from 0 to 1 */
export function requestsOf(
  platform: Platform,
  count: number,
  buyers: number,
  random: () => number,
): SignedBody[] {
  return Array.from({ length: count }, () => platform.sign(openIdOf(Math.floor(random() * buyers))));
}
