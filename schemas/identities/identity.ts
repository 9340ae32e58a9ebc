import { z } from 'zod';

import { text } from '../catalogue/rules.ts';

/** Who a buyer of an app is to the merchant. `user_id` null: that is no longer known. One line of a file of identities. */
export const identity = z.strictObject(
  { app_id: text, open_id: text, user_id: text.nullable() },
  {
    error: ({ code, keys }) =>
      code === 'unrecognized_keys'
        ? `must not have ${keys.join(', ')}`
        : 'must be {"app_id": …, "open_id": …, "user_id": …}',
  },
);

export type Identity = z.output<typeof identity>;
