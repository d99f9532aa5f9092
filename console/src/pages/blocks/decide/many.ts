import { asProblem } from '@/api/problem'

/** atOnce is how many requests of a bulk act are under way at a time. */
const atOnce = 4

/** Progress is how far a bulk act has come. */
export interface Progress<T> {
  total: number
  done: T[]
  failed: { item: T; why: string }[]
}

/**
 * many does something to each item, a few at a time, until all are done or the signal is aborted; what has begun is
 * finished. It gives what was done, and what was not and why.
 */
export async function many<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
  tell: (progress: Progress<T>) => void,
  signal: AbortSignal,
): Promise<Progress<T>> {
  const progress: Progress<T> = { total: items.length, done: [], failed: [] }
  const queue = [...items]
  const work = async () => {
    while (!signal.aborted) {
      const item = queue.shift()
      if (item === undefined) return
      try {
        await act(item)
        progress.done.push(item)
      } catch (thrown) {
        progress.failed.push({ item, why: asProblem(thrown).message })
      }
      tell({ ...progress, done: [...progress.done], failed: [...progress.failed] })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return progress
}
