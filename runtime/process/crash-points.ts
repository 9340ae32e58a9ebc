/** Where a process is to die, as `POINT:N`: when it passes that point for the n-th time. */
interface Armed {
  readonly point: string;
  left: number;
  readonly die: () => void;
}

let armed: Armed | undefined;

/** Ends this process as SIGKILL does, at the n-th passing of a point. @throws {Error} if `text` is not `POINT:N` */
export function armCrashPoint(
  text: string,
  points: readonly string[],
  die: () => void = () => process.kill(process.pid, 'SIGKILL'),
): void {
  const [, point = '', count = ''] = /^([\w/]+):(\d+)$/.exec(text) ?? [];
  if (!points.includes(point) || Number(count) < 1)
    throw new Error(`CRASH_AT must be POINT:N, with a point of ${points.join(', ')}; it is ${text}`);
  armed = { point, left: Number(count), die };
}

/**
 * A step of the work at which a process may be told to die; nothing happens unless it is.
 * @param isWork whether this passing counts: a batch that changes nothing proves nothing
 */
export function crashPoint(point: string, isWork = true): void {
  if (armed !== undefined) pass(armed, point, isWork);
}

function pass(at: Armed, point: string, isWork: boolean): void {
  if (at.point !== point || !isWork) return;
  at.left -= 1;
  if (at.left === 0) at.die();
}
