import { startChild, type Child, type Ended } from '../../runtime/process/children.ts';
import { keepRunning, type Keeper } from '../../runtime/process/keeper.ts';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const PAUSE_MS = 200;

export interface MemberOptions {
  readonly name: string;
  /** Of `kaquan`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that it logs to. */
  readonly log: string;
}

/** A process that comes back soon after each end. */
export class Member {
  readonly name: string;
  readonly #keeper: Keeper;
  #lives = 1;
  #own: Readonly<Record<string, string>> = {};

  constructor({ name, args, env, log }: MemberOptions) {
    this.name = name;
    this.#keeper = keepRunning(
      () => {
        const own = this.#own;
        this.#own = {};
        return startChild({ name, args: [MAIN, ...args], env: { ...env, ...own }, log });
      },
      { onEnd: () => (this.#lives += 1), pauseMs: PAUSE_MS, maxPauseMs: PAUSE_MS },
    );
  }

  /** How often it was started. */
  get lives(): number {
    return this.#lives;
  }

  current(): Child {
    return this.#keeper.current();
  }

  /** SIGKILL. @returns how it ended */
  async kill(): Promise<Ended> {
    const child = this.current();
    child.kill();
    return child.ended;
  }

  /** Ends this life in order, and gives the next one settings of its own. @returns the next life, once it has begun */
  async again(own: Readonly<Record<string, string>>, graceMs: number): Promise<Child> {
    const child = this.current();
    this.#own = own;
    await child.stop(graceMs);
    return this.next(child);
  }

  /** The life after this one. */
  async next(child: Child): Promise<Child> {
    await child.ended;
    while (this.current() === child) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS / 4));
    return this.current();
  }

  stop(graceMs: number): Promise<void> {
    return this.#keeper.stop(graceMs);
  }
}
