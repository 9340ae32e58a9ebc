import { mkdirSync, statfsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { KEPT_FREE_BYTES } from './access.ts';
import { sendError } from './answer.ts';
import { ServerError } from './errors.ts';

const LOOK_MS = 500;

/**
 * Resolves once there is room where `folder` lies. Until then requests are answered with what is missing.
 * @param say told once, if it has to be waited for
 */
export async function room(
  folder: string,
  { host, port }: { readonly host: string; readonly port: number },
  say: (sentence: string) => void,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const lack = lackingIn(folder);
  if (lack === undefined) return;
  say(`ClickHouse does not start before there is room: ${lack}.`);
  const server = createServer((request, response) => {
    request.resume();
    sendError(response, ServerError.of(243, `${lackingIn(folder) ?? lack}.`));
  });
  server.listen(port, host);
  await once(server, 'listening');
  while (lackingIn(folder) !== undefined) await sleep(LOOK_MS);
  await closed(server);
}

function lackingIn(folder: string): string | undefined {
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize >= KEPT_FREE_BYTES) return undefined;
  return `not enough space on the disk of ${folder}, ${mebibytes(bavail * bsize)} are free and ${mebibytes(KEPT_FREE_BYTES)} have to be`;
}

const mebibytes = (bytes: number): string => `${Math.floor(bytes / (1 << 20))} MiB`;

async function closed(server: Server): Promise<void> {
  const end = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await end;
}
