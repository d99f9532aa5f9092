import { createContext, useContext } from 'react'
import type { Alert } from './matches'

/** Queue is the list around the alert that is open. */
export interface Queue {
  /** at is the alert so many lines from this one; undefined at the ends, and for what is not in the list. */
  at: (id: string, offset: number) => Alert | undefined
  /** known are people who have alerts already. */
  known: readonly string[]
}

const QueueContext = createContext<Queue>({ at: () => undefined, known: [] })

export const QueueProvider = QueueContext.Provider

/** useQueueAround is the list around the alert that is open. */
export const useQueueAround = (): Queue => useContext(QueueContext)
