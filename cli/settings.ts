import { z } from 'zod';

import { text } from '../runtime/process/settings.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Settings of the command itself. */
export const commandSettings = {
  LOG_LEVEL: {
    default: 'info',
    schema: z.string().pipe(z.enum(LEVELS, `must be one of ${LEVELS.join(', ')}`)),
    help: 'How much a consumer writes to its log, which is standard error.',
  },
  CRASH_AT: {
    schema: text,
    help: 'For tests: a consumer dies, as by SIGKILL, when it passes this step of its work for the n-th time, POINT:N.',
  },
  KAQUAN_DEBUG: { schema: text, help: 'Anything: a failure shows its stack trace, libraries what they do.' },
  JAVA_HOME: { schema: text, help: 'The Java that the embedded Kafka runs on; unset: the one on the path.' },
} as const;
