/** A part of the stack that runs in a process of its own. */
export interface Part {
  /** The processes that must be gone before another may use the same data. */
  readonly pids: () => readonly number[];
  /** Resolves when it serves; rejects with a sentence if it ended before. */
  readonly ready: Promise<void>;
  /** Resolves with a sentence when it has ended, however. */
  readonly ended: Promise<string>;
  /** Ends it, by force after a few seconds. */
  stop(): Promise<void>;
}
