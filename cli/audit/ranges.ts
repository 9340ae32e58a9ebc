/** Offsets from `first` to `last`, both included. */
export interface OffsetRange {
  readonly first: number;
  readonly last: number;
}

/** How many offsets `ranges` hold. They do not overlap. */
export const lengthOf = (ranges: readonly OffsetRange[]): number =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** What of `ranges` lies in none of `covers`. */
export function without(ranges: readonly OffsetRange[], covers: readonly OffsetRange[]): OffsetRange[] {
  return covers.reduce(
    (left: readonly OffsetRange[], cover) => left.flatMap((range) => cutOut(range, cover)),
    ranges,
  ) as OffsetRange[];
}

function cutOut(range: OffsetRange, cover: OffsetRange): OffsetRange[] {
  const before = { first: range.first, last: Math.min(range.last, cover.first - 1) };
  const after = { first: Math.max(range.first, cover.last + 1), last: range.last };
  return [before, after].filter(({ first, last }) => first <= last);
}

/** What of `ranges` lies in `first` to `last`. */
export const within = (ranges: readonly OffsetRange[], { first, last }: OffsetRange): OffsetRange[] =>
  ranges
    .map((range) => ({ first: Math.max(range.first, first), last: Math.min(range.last, last) }))
    .filter((range) => range.first <= range.last);

/** The ranges of ascending offsets. */
export function rangesOf(offsets: readonly number[]): OffsetRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const offset of offsets) {
    const open = ranges.at(-1);
    if (open?.last === offset - 1) open.last = offset;
    else ranges.push({ first: offset, last: offset });
  }
  return ranges;
}
