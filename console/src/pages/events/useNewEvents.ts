import { useEffect, useState } from 'react'
import type { Schemas } from '@/api/client'
import { share } from '@/live/share'
import { currentAccount } from '@/session/account'
import { useMe } from '@/session/me'
import { type EventFilter, passes } from './filter'

/** mostCounted is how many new events are counted; behind that it is only said that there are more. */
export const mostCounted = 500

/**
 * useNewEvents counts the events of a filter that came since the list was read (round changes with each reading). The
 * stream of events is followed only until mostCounted, so that a busy hub does not busy the browser.
 */
export function useNewEvents(filter: EventFilter, round: number): number {
  const me = useMe()
  const [counted, setCounted] = useState(0)
  const wanted = JSON.stringify(filter)
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round counts anew
  useEffect(() => {
    const wish = JSON.parse(wanted) as EventFilter
    const end = new AbortController()
    let count = 0
    setCounted(0)
    share(
      `${me.id}.${currentAccount() || me.home}`,
      'events',
      {
        message: ({ name, data }) => {
          if (name !== 'event' || !passes(wish, data as Schemas['Event'])) return
          count++
          setCounted(count)
          if (count >= mostCounted) end.abort()
        },
        state: () => {},
      },
      end.signal,
    )
    return () => end.abort()
  }, [me, wanted, round])
  return counted
}
