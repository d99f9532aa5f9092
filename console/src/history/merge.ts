import type { HistoryLine } from './words'

/**
 * merged puts further lines into a history, the newest first. While older lines are still to be read (more), those that
 * belong among them wait: they would stand at the wrong place.
 */
export function merged<L extends HistoryLine>(
  lines: readonly L[],
  others: readonly HistoryLine[],
  more: boolean,
): HistoryLine[] {
  const oldest = lines.at(-1)
  const from = more && oldest ? Date.parse(oldest.at) : Number.NEGATIVE_INFINITY
  const placed = others.filter(({ at }) => Date.parse(at) >= from)
  // Sorting keeps the order of lines of the same time.
  return [...lines, ...placed].sort((x, y) => Date.parse(y.at) - Date.parse(x.at))
}
