import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

interface Cursor {
  id: string
  index: number
}

/**
 * useCursor is the line that the keys are on. It stays on its line when lines come before it; current, the line whose
 * details are open, takes it along, and gives the focus back to the line when the details are closed.
 */
export function useCursor({
  box,
  count,
  idAt,
  reach,
  current,
  moved,
}: {
  box: RefObject<HTMLElement | null>
  count: number
  idAt: (index: number) => string | undefined
  /** reach scrolls a line into sight. */
  reach: (index: number) => void
  current: string | undefined
  moved: (index: number) => void
}) {
  const [cursor, setCursor] = useState<Cursor>()
  const index = place(cursor, count, idAt)
  const latest = useRef({ index, count, idAt, moved, reach })
  latest.current = { index, count, idAt, moved, reach }

  const at = useCallback((to: number) => {
    const { idAt, moved, index } = latest.current
    const id = idAt(to)
    if (id === undefined || to === index) return
    setCursor({ id, index: to })
    moved(to)
  }, [])
  const move = useCallback(
    (to: number) => {
      const { count } = latest.current
      if (count === 0) return
      const next = Math.max(0, Math.min(count - 1, to))
      at(next)
      latest.current.reach(next)
      focusLine(box, next)
    },
    [at, box],
  )

  const was = useRef(current)
  useEffect(() => {
    const { count, idAt, index } = latest.current
    if (current !== undefined) {
      const found = place({ id: current, index }, count, idAt)
      if (found >= 0 && found !== index) {
        at(found)
        latest.current.reach(found)
      }
    } else if (was.current !== undefined && index >= 0) {
      move(index)
    }
    was.current = current
  }, [current, at, move])

  return { index, at, move }
}

/** place is where the cursor's line is now; -1 if it is nowhere. */
function place(
  cursor: Cursor | undefined,
  count: number,
  idAt: (index: number) => string | undefined,
): number {
  if (!cursor) return -1
  const there = idAt(cursor.index)
  // A line that is not in memory is where it was.
  if (there === cursor.id || (there === undefined && cursor.index < count)) return cursor.index
  for (let i = 0; i < count; i++) if (idAt(i) === cursor.id) return i
  return -1
}

/** focusLine focuses a line: at once if it is drawn, as the next key may come before the next frame. */
function focusLine(box: RefObject<HTMLElement | null>, index: number, tries = 6): void {
  const line = box.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
  if (line) line.focus({ preventScroll: true })
  else if (tries > 0) requestAnimationFrame(() => focusLine(box, index, tries - 1))
}
