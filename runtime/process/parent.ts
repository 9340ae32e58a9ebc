/** The parts of `process` that a supervised child needs. */
export interface SupervisedProcess {
  readonly pid: number;
  readonly channel?: { unref(): void } | null | undefined;
  once(event: 'disconnect', listener: () => void): unknown;
  kill(pid: number, signal: NodeJS.Signals): unknown;
  exit(code: number): unknown;
}

/**
 * Ends this process when the one that started it is gone, however it went (also by SIGKILL): as by SIGTERM, and by force
 * after `graceMs`. Does nothing in a process that was not started with an IPC channel (`startChild` gives one).
 */
export function exitWithParent(self: SupervisedProcess, graceMs = 10_000): void {
  const { channel } = self;
  if (channel === undefined || channel === null) return;
  self.once('disconnect', () => {
    setTimeout(() => self.exit(1), graceMs).unref();
    self.kill(self.pid, 'SIGTERM');
  });
  // The listener holds the channel open, which would keep a finished child alive.
  channel.unref();
}
