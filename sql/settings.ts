import { integer } from '../runtime/process/settings.ts';

/** Settings of the store itself, applied by migrate. */
export const storeSettings = {
  EVENTS_TTL_DAYS: {
    schema: integer(1, 36_500),
    help: 'Days after its time that an event is kept; unset keeps events for ever. States and milestones always stay.',
  },
  LEDGER_TTL_DAYS: {
    schema: integer(1, 36_500),
    help: 'Days that the ledgers of dead letters and skips are kept; unset keeps them for ever.',
  },
  REPORT_LEDGER_TTL_DAYS: {
    schema: integer(1, 36_500),
    help: 'Days that the ledger of deliveries to the report API is kept, not less than the topic keeps events; unset keeps it for ever.',
  },
} as const;
