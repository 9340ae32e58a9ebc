import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';

import type { Output } from '../../../../cli/io.ts';
import { openScreen } from '../../../../cli/up/screen.ts';

function output(size?: { columns: number; rows: number }) {
  const stream: PassThrough & Output = new PassThrough();
  if (size !== undefined) Object.assign(stream, { isTTY: true, ...size });
  return { stream, text: (): string => String(stream.read() ?? '') };
}

/** What a terminal shows after these writes: only the movements that the screen makes are known. */
function shown(text: string): string[] {
  const lines: string[] = [''];
  let at = 0;
  // eslint-disable-next-line no-control-regex
  for (const [part] of text.matchAll(/\u001b\[(\d+)F|\u001b\[\?25[lh]|\u001b\[[JK]|\n|[^\u001b\n]+/g)) {
    const up = /(\d+)F$/.exec(part);
    if (up !== null) at -= Number(up[1]);
    else if (part.endsWith('[J')) lines.length = at;
    else if (part.endsWith('[K')) lines[at] = (lines[at] ?? '').slice(0, lines[at]?.length);
    else if (part === '\n') at += 1;
    else if (!part.startsWith('\u001b')) lines[at] = part;
  }
  return lines;
}

describe('the live table', () => {
  it('is drawn in place, below sentences that stay', () => {
    const { stream, text } = output({ columns: 80, rows: 24 });
    const screen = openScreen(stream);
    screen.say('Starting …');
    screen.show(() => ['events 1', 'lag 1'], String);
    screen.show(() => ['events 2', 'lag 2'], String);
    screen.say('orders was killed');
    screen.show(() => ['events 3', 'lag 3'], String);
    expect(shown(text())).toEqual(['Starting …', 'orders was killed', 'events 3', 'lag 3']);
  });

  it('never is wider or higher than the terminal, or it would be drawn over itself', () => {
    const { stream, text } = output({ columns: 10, rows: 4 });
    openScreen(stream).show(() => ['0123456789abc', '二三四', 'third', 'fourth', 'fifth'], String);
    expect(shown(text())).toEqual(['012345678', '二三四', 'third']);
  });

  it('gives the cursor back', () => {
    const { stream, text } = output({ columns: 80, rows: 24 });
    const screen = openScreen(stream);
    screen.show(() => ['events 1'], String);
    screen.close();
    expect(text().endsWith('\u001b[?25h')).toBe(true);
  });

  it('is a plain line now and then where there is no terminal', () => {
    const { stream, text } = output();
    const screen = openScreen(stream);
    for (let n = 1; n <= 6; n++) {
      screen.show(
        () => [],
        () => `events ${n}`,
      );
    }
    expect(text()).toBe('events 1\nevents 6\n');
  });
});
