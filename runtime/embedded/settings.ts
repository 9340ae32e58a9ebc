import type { z } from 'zod';

import { list } from '../process/settings.ts';
import { hostPort, type Address } from '../http/address.ts';

/** A further place where the embedded Kafka listens, and the address that it tells clients who come there. */
export interface ExtraListener {
  readonly listen: Address;
  readonly advertised: Address;
}

const listeners: z.ZodType<ExtraListener[], string> = list.transform((parts, context) =>
  parts.map((part) => {
    const [listen, advertised, ...rest] = part.split('=').map((text) => hostPort.safeParse(text));
    if (listen?.success && advertised?.success && rest.length === 0)
      return { listen: listen.data, advertised: advertised.data };
    context.addIssue({
      code: 'custom',
      message: 'must be HOST:PORT=HOST:PORT, such as 127.0.0.1:9192=127.0.0.1:9292',
    });
    return { listen: NOWHERE, advertised: NOWHERE };
  }),
);

const NOWHERE: Address = { host: '', port: 0 };

/** Settings of the embedded stack alone. */
export const embeddedSettings = {
  STACK_KAFKA_LISTENERS: {
    schema: listeners,
    help: 'Where the embedded Kafka listens too, each as LISTEN=ADVERTISED: for clients that reach it by another address, such as a proxy.',
  },
} as const;
