import { useMemo, useState } from 'react'

/** Selection is which lines of a table are chosen, by id. */
export interface Selection {
  readonly ids: ReadonlySet<string>
  readonly size: number
  has(id: string): boolean
  toggle(id: string): void
  add(ids: readonly string[]): void
  clear(): void
}

/** useSelection keeps which lines are chosen. */
export function useSelection(): Selection {
  const [ids, setIDs] = useState<ReadonlySet<string>>(new Set())
  return useMemo(
    () => ({
      ids,
      size: ids.size,
      has: (id) => ids.has(id),
      toggle: (id) =>
        setIDs((old) =>
          old.has(id) ? new Set([...old].filter((each) => each !== id)) : new Set([...old, id]),
        ),
      add: (more) => setIDs((old) => new Set([...old, ...more])),
      clear: () => setIDs(new Set()),
    }),
    [ids],
  )
}
