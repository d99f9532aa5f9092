import { useEffect, useRef } from 'react'
import type { Lines } from '@/table/lines'
import type { Selection } from '@/table/selection'
import type { Alert } from './matches'

/**
 * useChosen gives the chosen alerts as they are now, or as they were when their page was last in memory: of a long list,
 * pages far from sight are dropped.
 */
export function useChosen(rows: Lines<Alert>, selection: Selection): () => Alert[] {
  const kept = useRef(new Map<string, Alert>())
  const keep = () => {
    for (const id of kept.current.keys()) if (!selection.has(id)) kept.current.delete(id)
    if (selection.size > 0) for (const row of rows) if (selection.has(row.id)) kept.current.set(row.id, row)
  }
  useEffect(keep)
  return () => {
    keep()
    return [...kept.current.values()]
  }
}
