import { useSyncExternalStore } from 'react'

// What the hub says and shows is by the hub's clock; the browser's may be wrong by hours. How far they are apart is known
// from the Date of its answers (RFC 9110 §6.6.1), which has whole seconds.

/** halfSecond is what a Date without fractions is off by, on average, in milliseconds. */
const halfSecond = 500

/** smallest is the least difference that is taken for one, in milliseconds: below are the whole seconds and the way here. */
const smallest = 5_000

/** jitter is by how much, in milliseconds, two answers may disagree of the same clock. */
const jitter = 2_000

/** longestAnswer is how long an answer may take, in milliseconds, to be believed: the Date of a slow one is old. */
const longestAnswer = 10_000

/** wrongFrom is from where on the browser's clock is wrong enough to say so, in milliseconds. */
const wrongFrom = 120_000

const hub = { offset: 0, listeners: new Set<() => void>() }

/**
 * offsetOf is how far the hub's clock is ahead of the browser's, in milliseconds, by an answer with this Date that was asked
 * for and came at these times of the browser; undefined when the answer says nothing of it.
 */
export function offsetOf(date: string | null, asked: number, came: number): number | undefined {
  const said = date ? Date.parse(date) : Number.NaN
  if (Number.isNaN(said) || came < asked || came - asked > longestAnswer) return undefined
  const offset = said + halfSecond - came
  return Math.abs(offset) < smallest ? 0 : offset
}

/** hearHub learns from an answer what the hub's clock says. */
export function hearHub(date: string | null, asked: number, came: number): void {
  const offset = offsetOf(date, asked, came)
  // An answer that says the same within the jitter changes nothing: times would tremble.
  if (offset === undefined || offset === hub.offset) return
  if (offset !== 0 && Math.abs(offset - hub.offset) < jitter) return
  hub.offset = offset
  for (const each of hub.listeners) each()
}

/** hubNow is the time by the hub's clock, in milliseconds since 1970; what is sent to the hub, or compared with its times, goes by it. */
export const hubNow = (): number => Date.now() + hub.offset

/** onHubClock calls the listener when the two clocks are found to be apart by another time than before. */
export function onHubClock(listener: () => void): () => void {
  hub.listeners.add(listener)
  return () => hub.listeners.delete(listener)
}

/** useWrongClock is how far the hub's clock is ahead of the browser's, in milliseconds; 0 while the difference is small. */
export const useWrongClock = (): number =>
  useSyncExternalStore(onHubClock, () => (Math.abs(hub.offset) > wrongFrom ? hub.offset : 0))
