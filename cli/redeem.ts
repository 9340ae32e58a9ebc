import { z } from 'zod';

import { couponId, problemsOf } from '../services/marketing/redemption-rules.ts';
import { recordRedemptions } from '../services/marketing/redemptions.ts';
import { connectClickHouse } from './connections.ts';
import { CommandError, EXIT } from './failure.ts';
import type { Io } from './io.ts';
import { grouped } from './produce/progress.ts';

export interface RedeemOptions {
  readonly couponIds: readonly string[];
  /** The coupons are not used up after all. */
  readonly takeBack?: true;
  readonly json?: true;
}

const named = z.object({ coupon_ids: z.array(couponId) });

/**
 * `kaquan redeem`: coupons that are used up, and no longer held. To say it again changes nothing.
 * @throws {CommandError} naming each that can be no coupon; then nothing has changed
 */
export async function redeem({ couponIds, takeBack, json }: RedeemOptions, io: Io): Promise<number> {
  const input = { coupon_ids: couponIds };
  const { error } = named.safeParse(input);
  if (error !== undefined) throw new CommandError(problemsOf(input, error), EXIT.wrongUse);
  const clickhouse = connectClickHouse(io.env);
  try {
    const changed = await recordRedemptions(clickhouse, couponIds, takeBack !== true);
    const unchanged = new Set(couponIds).size - changed.length;
    const done = takeBack ? 'taken_back' : 'redeemed';
    io.stdout.write(
      json
        ? `${JSON.stringify({ [done]: changed.length, unchanged }, null, 2)}\n`
        : `${done.replace('_', ' ')} ${grouped(changed.length)}${unchanged > 0 ? `, ${grouped(unchanged)} were so before` : ''}\n`,
    );
    return EXIT.done;
  } finally {
    await clickhouse.close();
  }
}
