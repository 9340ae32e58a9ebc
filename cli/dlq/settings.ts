import { integer } from '../../runtime/process/settings.ts';

/** Settings of `kaquan dlq`. */
export const redriveSettings = {
  REDRIVE_LIMIT: {
    default: '3',
    schema: integer(1, 1000),
    help: 'How many times a record that fails again and again is redriven at most.',
  },
} as const;
