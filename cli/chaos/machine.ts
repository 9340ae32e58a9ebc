import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { claimPort } from '../../runtime/embedded/address.ts';
import { startChild, type Child } from '../../runtime/process/children.ts';
import { CommandError } from '../failure.ts';
import type { Io } from '../io.ts';
import { migrateAll } from '../migrate.ts';
import { Member } from './member.ts';
import { startNetwork, type Network } from './network.ts';

type Env = Readonly<Record<string, string | undefined>>;

// Short, so that a frozen or killed member's partitions are given away while one watches.
export const SESSION_MS = 3000;
const GRACE_MS = 8000;

/** All of kaquan on this machine, in a folder of its own, with a proxy between every two parts. */
export interface ChaosMachine {
  readonly folder: string;
  /** Past the proxies. */
  readonly env: Env;
  readonly network: Network;
  readonly stack: Member;
  /** Two of the group `orders`. */
  readonly orders: readonly Member[];
  readonly report: Member;
  readonly receipts: string;
  /** Where the receiver is told how to fail. */
  readonly receiverUrl: string;
  /** Starts a made-up merchant. */
  publish(seed: string, rate: number): Member;
  /** Runs a script of ours to its end. @returns its exit code */
  once(name: string, args: readonly string[], stdout: string): Promise<number | null>;
  /** Ends all of it. @param keeps whether the folder stays */
  stop(keeps: boolean): Promise<void>;
}

/** @throws {CommandError} what was in the way */
export async function startMachine(seed: string, io: Io): Promise<ChaosMachine> {
  const folder = mkdtempSync(join(tmpdir(), 'kaquan-chaos-'));
  const network = await startNetwork(seed);
  const members: Member[] = [];
  const stop = async (keeps: boolean): Promise<void> => {
    const [stack, ...others] = members;
    await Promise.all(others.map((member) => member.stop(GRACE_MS)));
    await stack?.stop(GRACE_MS);
    await network.stop();
    if (!keeps) rmSync(folder, { recursive: true, force: true });
  };
  try {
    return await assemble({ folder, network, members, stop }, io);
  } catch (error) {
    await stop(false);
    throw error;
  }
}

interface Parts {
  readonly folder: string;
  readonly network: Network;
  /** The stack first: the others may need it to their end. */
  readonly members: Member[];
  readonly stop: (keeps: boolean) => Promise<void>;
}

async function assemble({ folder, network, members, stop }: Parts, io: Io): Promise<ChaosMachine> {
  const log = (name: string) => join(folder, 'logs', `${name}.log`);
  const start = (name: string, args: readonly string[], env: Env): Member => {
    const member = new Member({ name, args, env, log: log(name) });
    members.push(member);
    return member;
  };
  const base = { ...io.env, ...(await places()), KAFKA_SESSION_TIMEOUT_MS: String(SESSION_MS) };
  const stack = start('the stack', ['stack', '--data', join(folder, 'data')], { ...base, ...network.stack });
  await serving(stack.current());
  network.connect(base.CLICKHOUSE_URL);
  await migrateAll(base);
  const apps = join(folder, 'report-apps.json');
  writeFileSync(apps, JSON.stringify({ '*': { app_id: 'local', app_secret: 'local' } }));
  const receipts = join(folder, 'receipts.ndjson');
  const receiver = { RECEIVER_LOG: receipts, RECEIVER_LOG_BYTES: '0' };
  const served = start('the receiver', ['serve', 'report-receiver'], { ...base, ...receiver });
  const receiverUrl = /http:\S+$/.exec(await serving(served.current()))?.[0] ?? '';
  const consumers = {
    ...base,
    ...network.consumers,
    REPORT_URL: network.connectApi(receiverUrl),
    REPORT_CREDENTIALS: apps,
    REPORT_TIMEOUT_MS: '1000',
    ORDERS_BATCH_EVENTS: '500',
    ORDERS_FLUSH_MS: '100',
  };
  const consume = (name: string, group: string) => start(name, ['consume', group], consumers);
  return {
    folder,
    env: base,
    network,
    stack,
    orders: [consume('orders-1', 'orders'), consume('orders-2', 'orders')],
    report: consume('report-1', 'report'),
    receipts,
    receiverUrl,
    publish: (seed, rate) => {
      const args = ['produce', 'simulate', '--orders', '2000', '--seed', seed, '--rate', String(rate)];
      return start('the merchant', args, { ...base, ...network.producers });
    },
    once: (name, args, stdout) => once({ name, args, log: log(name), stdout }, { ...base, ...receiver }),
    stop,
  };
}

/** Free ports, the same again when the stack or the receiver starts again. */
async function places() {
  const port = () => claimPort({ host: '127.0.0.1', port: 0 }, 'kaquan chaos');
  return {
    KAFKA_BROKERS: `127.0.0.1:${await port()}`,
    CLICKHOUSE_URL: `http://127.0.0.1:${await port()}`,
    RECEIVER_LISTEN: `127.0.0.1:${await port()}`,
    RECEIVER_CREDENTIALS: '',
    RECEIVER_FAULTS: '',
  };
}

async function serving(child: Child): Promise<string> {
  try {
    return await child.line(/^ready/);
  } catch (error) {
    throw error instanceof Error ? new CommandError(error.message) : error;
  }
}

interface Once {
  readonly name: string;
  readonly args: readonly string[];
  readonly log: string;
  /** The file that its standard output goes to. */
  readonly stdout: string;
}

const HERE = fileURLToPath(new URL('../', import.meta.url));

async function once(
  { name, args: [script = '', ...args], log, stdout }: Once,
  env: Env,
): Promise<number | null> {
  const child = startChild({ name, args: [join(HERE, script), ...args], env, log, stdout });
  return (await child.ended).code;
}
