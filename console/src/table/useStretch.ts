import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react'

/**
 * stretch is how many lines are laid out at once. Browsers draw no element higher than some 17 to 33 million pixels, and
 * what the virtual list does for each line it knows has to fit into a frame.
 */
export const stretch = 40_000
/** edge is how many lines before the end of a stretch it is moved on: more than somebody scrolls in a frame. */
const edge = 5_000

/** overscan is how many lines above and below those in sight are drawn. */
const overscan = 6

/** around is where the stretch begins that has a line in its middle. */
export const around = (index: number): number => Math.max(0, index - stretch / 2)

/** stretchAt is where the stretch is to begin that shows the lines from first to last: where it does, unless they are near its edge. */
export function stretchAt(from: number, first: number, last: number, length: number): number {
  const before = from > 0 && first < from + edge
  const behind = length > from + stretch && last >= from + stretch - edge
  return before || behind ? around(first) : from
}

interface Options {
  box: RefObject<HTMLDivElement | null>
  length: number
  /** size is the height of a line in pixels: all have it, or they are measured. */
  size: number
  /** keyAt is what measured heights are kept by; undefined if all are equal. */
  keyAt: ((index: number) => string | number) | undefined
  paddingStart: number
}

/** useStretch is which lines are in sight of a list of any length, and where they stand in the part that is laid out. */
export function useStretch({ box, length, size, keyAt, paddingStart }: Options) {
  const [began, setBegan] = useState(0)
  const from = Math.min(began, Math.max(0, length - 1))
  const key = useCallback((i: number) => keyAt?.(from + i) ?? i, [keyAt, from])
  const virtual = useVirtualizer<HTMLDivElement, Element>({
    count: Math.min(stretch, length - from),
    getScrollElement: () => box.current,
    estimateSize: () => size,
    getItemKey: keyAt ? key : undefined,
    indexAttribute: 'data-line',
    overscan,
    scrollPaddingStart: paddingStart,
  })
  const items = virtual.getVirtualItems()
  const top = virtual.scrollOffset ?? 0
  const seen = items.find((item) => item.end > top)

  /** goal is the line that is to stay where it is when the stretch is moved: so many pixels above the top of what is seen. */
  const goal = useRef<{ index: number; above: number }>(undefined)
  const moveTo = useCallback(
    (next: number, index: number, above: number) => {
      goal.current = { index, above }
      // What is drawn next is drawn for where the list will stand.
      virtual.scrollOffset = (index - next) * size + above
      setBegan(next)
    },
    [virtual, size],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it begins is what moves the lines
  useLayoutEffect(() => {
    const { current } = goal
    if (!current || !box.current) return
    goal.current = undefined
    const start = virtual.measurementsCache[current.index - from]?.start ?? (current.index - from) * size
    box.current.scrollTop = start + current.above
  }, [from])
  useLayoutEffect(() => {
    if (!seen || goal.current) return
    const first = from + seen.index
    const next = stretchAt(from, first, from + (items.at(-1)?.index ?? seen.index), length)
    if (next !== from) moveTo(next, first, top - seen.start)
  })

  /** reach scrolls a line into sight. */
  const reach = useCallback(
    (index: number) => {
      if (index >= from && index < from + stretch) virtual.scrollToIndex(index - from)
      else moveTo(around(index), index, -paddingStart)
    },
    [virtual, from, paddingStart, moveTo],
  )
  return { from, items, total: virtual.getTotalSize(), measure: virtual.measureElement, reach }
}
