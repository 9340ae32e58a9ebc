import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  ChildEndedError,
  ending,
  startChild,
  type Child,
  type Ended,
} from '../../runtime/process/children.ts';
import { keepRunning, type Keeper } from '../../runtime/process/keeper.ts';
import { CommandError } from '../failure.ts';
import type { Io } from '../io.ts';

type Env = Io['env'];

export interface MachineOptions {
  readonly logs: string;
  readonly env: Env;
  /** Tells a person what happens. */
  readonly say: (sentence: string) => void;
}

interface Running {
  readonly keeper: Pick<Keeper, 'current' | 'stop'>;
  /** ms that it has to stop in. */
  readonly grace: number;
}

// A consumer that was killed is given up after this; on one machine nothing else takes so long.
const SESSION_TIMEOUT_MS = '10000';

// So that `kaquan status` can ask them; where, the groups know.
const FREE_PORTS = { ORDERS_LISTEN: '127.0.0.1:0', REPORT_LISTEN: '127.0.0.1:0' };

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** The processes of `kaquan up`: started one after the other. */
export class Machine {
  readonly #options: MachineOptions;
  readonly #running: Running[] = [];
  #env: Env;
  #stopped = false;

  constructor(options: MachineOptions) {
    this.#options = options;
    this.#env = { KAFKA_SESSION_TIMEOUT_MS: SESSION_TIMEOUT_MS, ...FREE_PORTS, ...options.env };
  }

  /** The environment of the children. */
  get env(): Env {
    return this.#env;
  }

  /** Settings of the children that are started from now on. */
  set(settings: Readonly<Record<string, string>>): void {
    this.#env = { ...this.#env, ...settings };
  }

  /** Starts Kafka and ClickHouse; the other children find them where they came to be. */
  async stack(data: string, grace: number): Promise<void> {
    const follow = setInterval(this.#progress(sizeOf(this.#log('stack'))), 200);
    try {
      const ready = await this.#keepServing('stack', ['stack', '--data', data], grace);
      this.#env = { ...this.#env, ...placesIn(ready) };
    } finally {
      clearInterval(follow);
    }
  }

  /** Starts `kaquan serve <name>`. @returns its address, once it serves */
  async serve(name: string, grace: number): Promise<string> {
    const ready = await this.#keepServing(name, ['serve', name], grace);
    return /http:\S+$/.exec(ready)?.[0] ?? ready;
  }

  /** Keeps a child that must come to serve. @returns the line with which it says so @throws {CommandError} its own last words, if it ends before */
  async #keepServing(name: string, args: readonly string[], grace: number): Promise<string> {
    let serves = false;
    const keeper = this.keep(name, args, grace, () => serves);
    try {
      const ready = await keeper.current().line(/^ready/);
      serves = true;
      return ready;
    } catch (error) {
      throw error instanceof ChildEndedError ? new CommandError(reasonOf(error)) : error;
    }
  }

  /** A child that is started again whenever it ends. @param tells whether that is worth a sentence */
  keep(name: string, args: readonly string[], grace: number, tells = () => true): Keeper {
    const { say } = this.#options;
    const keeper = keepRunning(() => this.#start(name, args), {
      onEnd: (ended, inMs) => {
        if (tells())
          say(`${name} ${ending(ended)}; it starts again in ${inMs / 1000} s (${this.#log(name)})`);
      },
    });
    this.#running.push({ keeper, grace });
    return keeper;
  }

  /** A child that does its work once. */
  async once(name: string, args: readonly string[], grace: number): Promise<Ended> {
    const child = this.#start(name, args);
    const stop = async (ms: number): Promise<void> => {
      await child.stop(ms);
    };
    const running = { keeper: { current: () => child, stop }, grace };
    this.#running.push(running);
    const ended = await child.ended;
    this.#forget(running);
    return ended;
  }

  /** Ends all of it, the first one after the others, which may need it to the end; nothing can be started afterwards. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const [first, ...others] = this.#running.splice(0);
    await Promise.all(others.map(({ keeper, grace }) => keeper.stop(grace)));
    await first?.keeper.stop(first.grace);
  }

  /** SIGKILL for all that still runs. */
  kill(): void {
    for (const { keeper } of this.#running) keeper.current().kill();
  }

  #forget(running: Running): void {
    const at = this.#running.indexOf(running);
    if (at >= 0) this.#running.splice(at, 1);
  }

  #start(name: string, args: readonly string[]): Child {
    if (this.#stopped) throw new CommandError(`${name} is not started any more: all of it stops`);
    return startChild({ name, args: [MAIN, ...args], env: this.#env, log: this.#log(name) });
  }

  #log(name: string): string {
    return join(this.#options.logs, `${name}.log`);
  }

  /** What the stack says while it starts: the first start fetches Kafka, which takes a while. */
  #progress(from: number): () => void {
    let told = from;
    return () => {
      const text = textFrom(this.#log('stack'), told);
      const whole = text.slice(0, text.lastIndexOf('\n') + 1);
      told += Buffer.byteLength(whole);
      for (const line of whole.split('\n')) if (isSentence(line)) this.#options.say(line);
    };
  }
}

// Its log also holds what libraries write, as JSON.
const isSentence = (line: string): boolean =>
  line !== '' && !line.startsWith('{') && !line.startsWith('kaquan:');

const sizeOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

const textFrom = (file: string, offset: number): string => readFileSync(file).subarray(offset).toString();

/** The sentence with which a command of ours failed, or all that is known. */
const reasonOf = ({ lastWords, message }: ChildEndedError): string =>
  /^kaquan: ([\s\S]+)/m.exec(lastWords)?.[1] ?? message;

/** Where the stack listens, by its line "ready: Kafka at …, ClickHouse and the schemas at …". */
function placesIn(ready: string): Record<string, string> {
  const found = /Kafka at (\S+), .* at (\S+)$/.exec(ready);
  if (found?.[1] === undefined || found[2] === undefined) throw new Error(`the stack said: ${ready}`);
  return { KAFKA_BROKERS: found[1], CLICKHOUSE_URL: found[2] };
}
