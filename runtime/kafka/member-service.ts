import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { z } from 'zod';

import type { Address } from '../http/address.ts';
import { startHttpService, type HttpService } from '../http/service.ts';
import type { Waits } from '../process/waits.ts';
import type { MemberWatch } from './member-watch.ts';

/** What a member says of itself at `/member`. */
export const memberReport = z.object({
  group: z.string(),
  /** ms since 1970 */
  startedAt: z.number(),
  alive: z.object({ ok: z.boolean(), sentence: z.string() }),
  waits: z.array(
    z.object({ on: z.string(), sentence: z.string(), since: z.number(), isTrouble: z.boolean() }),
  ),
  partitions: z.array(z.object({ partition: z.int(), committed: z.number(), logEnd: z.number() })),
  rebalancesLastHour: z.int(),
});

export type MemberReport = z.infer<typeof memberReport>;

export const MEMBER_PATH = '/member';

export interface MemberServiceOptions {
  readonly group: string;
  readonly listen: Address;
  /** The setting that says where it listens. */
  readonly setting: string;
  readonly watch: MemberWatch;
  readonly waits: Waits;
  readonly metrics: Registry;
  /** How long nothing may move, ms. */
  readonly limitMs: number;
  readonly logger: Logger;
}

const NO_BODY_BYTES = 1024;

/** Serves how a member of a group is: `/livez`, `/readyz`, `/metrics`, and `/member` for `kaquan status`. */
export function startMemberService(options: MemberServiceOptions): Promise<HttpService> {
  const { group, watch, waits, limitMs, metrics, listen, setting, logger } = options;
  const alive = () => watch.alive(limitMs);
  const report = (): MemberReport => ({
    group,
    startedAt: watch.startedAt,
    alive: alive(),
    waits: waits.current(),
    partitions: watch.standings(),
    rebalancesLastHour: watch.rebalancesLately(),
  });
  return startHttpService({
    listen,
    setting,
    bodyBytes: NO_BODY_BYTES,
    alive,
    checks: {
      waits: () => {
        const trouble = waits.current().find(({ isTrouble }) => isTrouble);
        const sentence = trouble === undefined ? 'It waits for nothing.' : trouble.sentence;
        return { ok: trouble === undefined, sentence };
      },
      partitions: () => {
        const count = watch.standings().length;
        return { ok: count > 0, sentence: count > 0 ? `It has ${count}.` : 'It has none.' };
      },
    },
    metrics,
    failure: ({ status, sentence }) => ({ status, body: { code: status, msg: sentence } }),
    logger,
    routes: (app) => void app.get(MEMBER_PATH, report),
  });
}
