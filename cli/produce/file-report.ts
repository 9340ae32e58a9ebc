import type { FileSummary } from '../../producers/file/file-summary.ts';
import { grouped } from './progress.ts';

export const asText = ({ lines, empty, published, refused }: FileSummary): string =>
  `published ${grouped(published)} reports of ${grouped(lines)} lines` +
  `${refused > 0 ? `, refused ${grouped(refused)}` : ''}${empty > 0 ? `, ${grouped(empty)} empty` : ''}\n`;

/** One JSON document; `acknowledged_through` is the last line of which, and of all before it, it is known what became of it. */
export function asJson(
  { lines, empty, published, refused, doneThrough, rules }: FileSummary,
  interrupted: boolean,
): string {
  const document = {
    lines,
    empty,
    published,
    refused,
    acknowledged_through: doneThrough,
    interrupted,
    rules: [...rules.values()].map(({ rule, lines: count, first, example }) => ({
      rule,
      lines: count,
      first_line: first,
      example,
    })),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
