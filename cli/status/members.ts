import type { Address } from '../../runtime/http/address.ts';
import type { GroupMember } from '../../runtime/kafka/admin.ts';
import { MEMBER_PATH, memberReport, type MemberReport } from '../../runtime/kafka/member-service.ts';

/** A consumer, and what it says of itself. */
export interface MemberReading {
  /** host and pid, or the address that was asked. */
  readonly name: string;
  /** Where it serves; undefined: nowhere, so that it can't be asked. */
  readonly url: string | undefined;
  /** undefined: it was not asked, or did not answer. */
  readonly report: MemberReport | undefined;
  /** Why it did not answer; undefined: it did, or was not asked. */
  readonly problem: string | undefined;
}

const PATIENCE_MS = 2000;
const EVERYWHERE = new Set(['0.0.0.0', '[::]']);

/** Asks the consumers that the group knows. */
export const askMembers = (members: readonly GroupMember[]): Promise<MemberReading[]> =>
  Promise.all(
    members.map(({ id, host, address }) => {
      const name = address === undefined ? id : `${address.host}:${address.pid}`;
      return ask(name, address?.url === undefined ? undefined : reachable(address.url, host));
    }),
  );

/** Asks where a consumer should listen: nobody can say who is in the group while Kafka is away. */
export async function askAt(group: string, { host, port }: Address): Promise<MemberReading[]> {
  if (port === 0) return [];
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const reading = await ask(url, reachable(url, '127.0.0.1'));
  return reading.report?.group === group ? [reading] : [];
}

/** One that listens everywhere is where the broker sees it. */
function reachable(url: string, seenAt: string): string {
  const place = new URL(url);
  if (EVERYWHERE.has(place.hostname)) place.hostname = seenAt.includes(':') ? `[${seenAt}]` : seenAt;
  return place.origin;
}

async function ask(name: string, url: string | undefined): Promise<MemberReading> {
  const reading = { name, url, report: undefined, problem: undefined };
  if (url === undefined) return reading;
  try {
    const answer = await fetch(`${url}${MEMBER_PATH}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return { ...reading, report: memberReport.parse(await answer.json()) };
  } catch {
    return {
      ...reading,
      problem: `It does not answer at ${url}: it is frozen, gone, or not to be reached from here.`,
    };
  }
}
