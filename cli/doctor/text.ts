import type { Finding } from './finding.ts';

const ABOUT_WIDTH = 13;

/** A line a finding, and one more for what to do. */
export function doctorText(findings: readonly Finding[]): string {
  const wrong = findings.filter((finding) => finding.wrong).length;
  const last =
    wrong === 0 ? 'Nothing is wrong.' : `${wrong} ${wrong === 1 ? 'thing is' : 'things are'} wrong.`;
  return [...findings.map(lineOf), last, ''].join('\n');
}

function lineOf({ about, wrong, sentence, mend }: Finding): string {
  const line = `${wrong ? 'WRONG' : 'ok   '}  ${about.padEnd(ABOUT_WIDTH)} ${sentence}`;
  return mend === null ? line : `${line}\n${' '.repeat(8 + ABOUT_WIDTH)}${mend}`;
}
