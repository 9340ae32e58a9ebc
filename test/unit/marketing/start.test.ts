import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { pino } from 'pino';

import { parseSettings } from '../../../runtime/process/settings.ts';
import { marketingSettings } from '../../../services/marketing/config.ts';
import { startMarketing } from '../../../services/marketing/main.ts';

it('says why it may not start, and nothing else, before it asks anybody', async () => {
  let asked = 0;
  const store = createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  const at = `127.0.0.1:${(store.address() as AddressInfo).port}`;
  const config = parseSettings(marketingSettings, { KAFKA_BROKERS: at, CLICKHOUSE_URL: `http://${at}` });
  let log = '';
  const logger = pino({ write: (line: string) => (log += line) });
  await expect(startMarketing({ config, logger, now: Date.now })).rejects.toThrow(
    'MARKETING_SIGNATURE=rsa needs MARKETING_PUBLIC_KEY_FILE',
  );
  await new Promise((resolve) => store.close(resolve));
  expect([asked, log]).toEqual([0, '']);
});
