import { pino } from 'pino';

import { createClickHouse, type ClickHouse } from '../../runtime/clickhouse/client.ts';

/** A store for code that must be given one and never asks it: nobody answers where it points. */
export const unaskedStore = (): ClickHouse =>
  createClickHouse({
    url: 'http://127.0.0.1:1',
    user: '',
    password: '',
    clientName: 'test',
    logger: pino({ level: 'silent' }),
  });
