import type { Output } from '../io.ts';

/** Where the live figures are shown: a table in place on a terminal, else a line now and then. */
export interface Screen {
  /** A sentence that stays. */
  say(sentence: string): void;
  show(table: () => readonly string[], line: () => string): void;
  close(): void;
}

const LINE_EVERY = 5;

const UP = (lines: number): string => (lines === 0 ? '' : `\u001b[${lines}F`);
const CLEAR_BELOW = '\u001b[J';
const CLEAR_LINE = '\u001b[K';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

export const openScreen = (out: Output): Screen => (out.isTTY === true ? terminal(out) : plain(out));

function plain(out: Output): Screen {
  let shown = 0;
  return {
    say: (sentence) => out.write(`${sentence}\n`),
    show: (_, line) => {
      if (shown++ % LINE_EVERY === 0) out.write(`${line()}\n`);
    },
    close: () => undefined,
  };
}

function terminal(out: Output): Screen {
  let drawn = 0;
  const erase = (): string => `${UP(drawn)}${drawn === 0 ? '' : CLEAR_BELOW}`;
  return {
    say(sentence) {
      out.write(`${erase()}${sentence}\n`);
      drawn = 0;
    },
    show(table) {
      const lines = fitted(table(), out);
      out.write(
        `${HIDE_CURSOR}${UP(drawn)}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')}${CLEAR_BELOW}`,
      );
      drawn = lines.length;
    },
    close: () => out.write(SHOW_CURSOR),
  };
}

// A line that wraps, or a table that scrolls, would be drawn over itself.
function fitted(lines: readonly string[], { columns = 80, rows = 24 }: Output): string[] {
  return lines.slice(0, rows - 1).map((line) =>
    Array.from(line)
      .slice(0, columns - 1)
      .join(''),
  );
}
