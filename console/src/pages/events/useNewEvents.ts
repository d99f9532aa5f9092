import { useEffect, useRef, useState } from 'react'
import type { Schemas } from '@/api/client'
import { share } from '@/live/share'
import { currentAccount } from '@/session/account'
import { useMe } from '@/session/me'
import { type EventFilter, passes } from './filter'

type Event = Schemas['Event']

/** mostCounted is how many new events are counted; behind that it is only said that there are more. */
export const mostCounted = 500

/** newerThan are the events of a list, the newest first, that came after one; all of them if there was none. */
export function newerThan(list: readonly Event[], newest: string | undefined): Event[] {
  const at = newest === undefined ? -1 : list.findIndex(({ id }) => id === newest)
  return at < 0 ? [...list] : list.slice(0, at)
}

/** Shown is what the list shows: its newest event, and how to read the first page of it again. */
interface Shown {
  /** read is false until the list was read. */
  read: boolean
  newest: string | undefined
  again: (signal: AbortSignal) => Promise<readonly Event[]>
}

/**
 * useNewEvents counts the events of a filter that came since the list was read (round changes with each reading), those
 * between the reading and the begin of the stream among them. The stream of events is followed only until mostCounted, so
 * that a busy hub does not busy the browser.
 */
export function useNewEvents(filter: EventFilter, round: number, shown: Shown): number {
  const me = useMe()
  const [counted, setCounted] = useState(0)
  const wanted = JSON.stringify(filter)
  const latest = useRef(shown)
  latest.current = shown
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round counts anew
  useEffect(() => {
    const wish = JSON.parse(wanted) as EventFilter
    const end = new AbortController()
    const came = new Set<string>()
    setCounted(0)
    const count = (events: readonly Event[]) => {
      for (const { id } of events) came.add(id)
      setCounted(came.size)
      if (came.size >= mostCounted) end.abort()
    }
    const catchUp = async () => {
      const { read, newest, again } = latest.current
      if (!read) return
      const now = await again(end.signal).catch(() => [])
      if (!end.signal.aborted) count(newerThan(now, newest))
    }
    share(
      `${me.id}.${currentAccount() || me.home}`,
      'events',
      {
        message: ({ name, data }) => {
          if (name === 'event' && passes(wish, data as Event)) count([data as Event])
        },
        state: (state) => {
          if (state === 'live') void catchUp()
        },
      },
      end.signal,
    )
    return () => end.abort()
  }, [me, wanted, round])
  return counted
}
