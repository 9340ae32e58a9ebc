import type { SessionPlan } from './session.ts';

/** A larger answer has to be streamed, in bytes: it would be held in memory as a whole. */
export const MAX_WHOLE_BYTES = 1 << 30;

/** A statement for an executor's thread. */
export interface Job {
  readonly plan: SessionPlan;
  readonly sql: string;
  /** The format of the answer where the statement names none. */
  readonly format: string;
  /** Hand the answer over in pieces as it is made; else it is whole before the first byte leaves. */
  readonly streams: boolean;
}

export interface JobStats {
  readonly elapsedSeconds: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
}

export type ToExecutor =
  { readonly kind: 'run'; readonly job: Job } | { readonly kind: 'next' } | { readonly kind: 'stop' };

export type FromExecutor =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array; readonly stats?: JobStats }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly message: string };

export interface EngineLocation {
  readonly path: string;
  readonly args: readonly string[];
}
