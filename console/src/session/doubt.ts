import { useSyncExternalStore } from 'react'

/**
 * Doubt is why what is shown may not be that of whoever is signed in: the session has ended, or it is another person's now,
 * by signing in in another tab.
 */
export type Doubt = { kind: 'ended' } | { kind: 'other'; name: string }

let doubt: Doubt | undefined
const listeners = new Set<() => void>()

/** setDoubt begins a doubt, or ends it. */
export function setDoubt(next: Doubt | undefined): void {
  doubt = next
  for (const listener of listeners) listener()
}

/** useDoubt is the doubt there is, if any. */
export const useDoubt = (): Doubt | undefined =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => doubt,
  )
