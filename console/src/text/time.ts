import { useSyncExternalStore } from 'react'
import { hubNow, onHubClock } from '@/clock/hub'

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' })
const steps: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** whole counts what has passed, and rounds what is to come: 23 hours and 59 minutes from now are 24 hours. */
const whole = (units: number): number => (units < 0 ? Math.trunc(units) : Math.round(units))

/** ago says how far a time is from now: "5m ago", "in 2h", "just now". */
export function ago(time: number, now: number): string {
  const seconds = Math.round((time - now) / 1_000)
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) < size) continue
    const units = whole(seconds / size)
    return unit === 'minute' && units === 60 ? relative.format(1, 'hour') : relative.format(units, unit)
  }
  return Math.abs(seconds) < 10 ? 'just now' : relative.format(seconds, 'second')
}

const exactly = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** exact is a time in the reader's zone: 22 Nov 2026, 14:03:11. */
export const exact = (time: string | number | Date): string => exactly.format(new Date(time))

const ofDay = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const ofYear = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** shortTime is a time in the reader's zone, as short as it can be: 14:03 of today, tomorrow, 14:03, or else 24 Nov, 14:03. */
export function shortTime(time: string, now: number): string {
  const at = new Date(time)
  const next = new Date(now)
  next.setDate(next.getDate() + 1)
  if (at.toDateString() === new Date(now).toDateString()) return ofDay.format(at)
  if (at.toDateString() === next.toDateString()) return `tomorrow, ${ofDay.format(at)}`
  return ofYear.format(at)
}

const ofSecond = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** clockTime is a time in the reader's zone, to the second today, 14:03:11, or else to the minute, 21 Nov, 14:03. */
export function clockTime(time: number, now: number): string {
  const today = new Date(time).toDateString() === new Date(now).toDateString()
  return (today ? ofSecond : ofYear).format(time)
}

/** tick is how often relative times are written anew, in milliseconds. All of a page share one clock. */
const tick = 10_000

const clock = { now: hubNow(), timer: 0, heard: () => {}, listeners: new Set<() => void>() }

function watchClock(listener: () => void): () => void {
  if (clock.listeners.size === 0) {
    const tell = () => {
      clock.now = hubNow()
      for (const each of clock.listeners) each()
    }
    clock.timer = window.setInterval(tell, tick)
    clock.heard = onHubClock(tell)
  }
  clock.listeners.add(listener)
  return () => {
    clock.listeners.delete(listener)
    if (clock.listeners.size > 0) return
    window.clearInterval(clock.timer)
    clock.heard()
  }
}

/** useNow is the time by the hub's clock; whoever uses it is drawn anew every tick. */
export function useNow(): number {
  useSyncExternalStore(watchClock, () => clock.now)
  // Not the clock's: what has happened since its last tick would lie in the future.
  return hubNow()
}
