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

const none: ReadonlySet<string> = new Set()

/**
 * useSelection keeps which lines are chosen. list names the list that they are lines of, such as its filter: what was chosen
 * in another one does not count.
 */
export function useSelection(list = ''): Selection {
  const [chosen, setChosen] = useState({ list, ids: none })
  const ids = chosen.list === list ? chosen.ids : none
  return useMemo(() => {
    const change = (next: (old: ReadonlySet<string>) => ReadonlySet<string>) =>
      setChosen((old) => ({ list, ids: next(old.list === list ? old.ids : none) }))
    return {
      ids,
      size: ids.size,
      has: (id) => ids.has(id),
      toggle: (id) =>
        change((old) =>
          old.has(id) ? new Set([...old].filter((each) => each !== id)) : new Set([...old, id]),
        ),
      add: (more) => change((old) => new Set([...old, ...more])),
      clear: () => change(() => none),
    }
  }, [ids, list])
}
