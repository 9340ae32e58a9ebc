import cliProgress, { type Options } from 'cli-progress';

import type { Output } from '../io.ts';

/** Shows how far something is, on a terminal only. */
export interface Progress {
  /** @param value what is done of the total @param text what else there is to say */
  show(value: number, text: string): void;
  stop(): void;
}

const NONE: Progress = { show: () => undefined, stop: () => undefined };

/** @param total undefined: nobody knows how much there is to do */
export function createProgress(output: Output, total: number | undefined): Progress {
  if (output.isTTY !== true) return NONE;
  const bar = new cliProgress.SingleBar(optionsFor(output, total));
  bar.start(total ?? 1, 0, { text: '' });
  return {
    show: (value, text) => bar.update(Math.min(value, total ?? 1), { text }),
    stop: () => bar.stop(),
  };
}

function optionsFor(stream: Output, total: number | undefined): Options {
  return {
    stream,
    // Cursor keys and wrapping stay as they are: whoever stops the command finds his terminal as it was.
    hideCursor: false,
    fps: 5,
    clearOnComplete: true,
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    format:
      total === undefined
        ? ' {text}  {duration_formatted}'
        : ' {bar} {percentage} %  {text}  {eta_formatted} left',
  };
}

export const grouped = (count: number): string => count.toLocaleString('en');
