// ClickHouse alone, as `kaquan stack` starts it beside Kafka, until SIGTERM; in the folder that is given.
import { join } from 'node:path';

import { claimPort } from '../dist/runtime/embedded/address.js';
import { startFront } from '../dist/runtime/embedded/clickhouse/process.js';
import { embeddedRegistry } from '../dist/schemas/index.js';

const host = '127.0.0.1';
const port = await claimPort({ host, port: 0 }, 'ClickHouse');
const front = startFront(
  {
    folder: join(process.argv[2], 'clickhouse'),
    host,
    port,
    users: {
      writer: { user: 'kaquan', password: 'kaquan' },
      analyst: { user: 'analyst', password: 'analyst' },
    },
    readable: 'kaquan',
    schemas: embeddedRegistry(),
  },
  process.env,
);
process.once('SIGTERM', () => void front.stop());
await front.ready;
process.stdout.write(`ready: ClickHouse and the schemas at http://${host}:${port}\n`);
