import { type Query, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { currentAccount } from '@/session/account'
import { can, useMe } from '@/session/me'
import { share } from './share'
import type { LiveMessage, LiveState } from './stream'

type Handler = (data: unknown) => void

interface Live {
  state: LiveState
  subscribe(name: string, handler: Handler): () => void
}

const LiveContext = createContext<Live>({ state: 'connecting', subscribe: () => () => {} })

/** topicsFor are the topics of the stream that somebody with these scopes may read. */
export function topicsFor(scopes: readonly string[]): string[] {
  const wanted: [topic: string, scope: string][] = [
    ['deliveries', 'deliveries:read'],
    ['mailbox', 'deliveries:read'],
    ['jobs', 'deliveries:read'],
    ['health', 'deliveries:read'],
    ['alerts', 'alerts:read'],
    ['incidents', 'incidents:read'],
    ['blocks', 'blocks:read'],
  ]
  return wanted.filter(([, scope]) => can(scopes, scope)).map(([topic]) => topic)
}

/** LiveProvider reads the hub's stream for everything below it. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const me = useMe()
  const queries = useQueryClient()
  const [state, setState] = useState<LiveState>('connecting')
  const handlers = useRef(new Map<string, Set<Handler>>())

  const who = `${me.id}.${currentAccount() || me.home}`
  const topics = topicsFor(me.scopes).join(',')
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new session, which has another token, begins a new stream
  useEffect(() => {
    if (!topics) return
    const end = new AbortController()
    let missed: ((query: Query) => boolean) | undefined = wasRead
    share(
      who,
      topics,
      {
        message: ({ name, data }: LiveMessage) => {
          for (const handler of handlers.current.get(name) ?? []) handler(data)
          if (name === 'lost') void queries.invalidateQueries({ predicate: isSmall })
        },
        state: (next) => {
          setState(next)
          // What changed while nobody listened is read again, once: after a drop, and what came before the stream was open.
          if (next === 'waiting') missed = isSmall
          if (next === 'live' && missed) {
            void queries.invalidateQueries({ predicate: missed })
            missed = undefined
          }
        },
      },
      end.signal,
    )
    return () => end.abort()
  }, [who, topics, me.csrf_token, queries])

  const live = useMemo<Live>(
    () => ({
      state,
      subscribe(name, handler) {
        const set = handlers.current.get(name) ?? new Set()
        handlers.current.set(name, set.add(handler))
        return () => set.delete(handler)
      },
    }),
    [state],
  )
  return <LiveContext value={live}>{children}</LiveContext>
}

/** useLiveState says whether what is shown is live. */
export const useLiveState = (): LiveState => useContext(LiveContext).state

/**
 * useLive calls the handler with the data of each live message of a name: event, delivery, mailbox, alert, incident,
 * block, job, health.
 */
export function useLive(name: string, handler: (data: unknown) => void): void {
  const { subscribe } = useContext(LiveContext)
  const latest = useRef(handler)
  latest.current = handler
  useEffect(() => subscribe(name, (data) => latest.current(data)), [name, subscribe])
}

/** refreshPause is how often, at most, live messages make a list be read again, in milliseconds. */
const refreshPause = 1_500

/** mostPages is of how many pages a list may be to be read again by itself; each page is a request. */
const mostPages = 3

/** wasRead says whether something of the API that live messages may be about has been read already. */
function wasRead(query: Query): boolean {
  return query.queryKey[0] === 'get' && query.state.dataUpdatedAt > 0 && isSmall(query)
}

/** isSmall says whether something is not too long to be read again by itself. */
function isSmall({ state }: Query): boolean {
  const pages = (state.data as { pages?: unknown[] } | undefined)?.pages
  return !pages || pages.length <= mostPages
}

/**
 * useLiveRefresh reads queries again when a live message of one of the names comes: at once for the first one, and at
 * most every refreshPause while they keep coming. keys are the queries' first key parts, such as ['get', '/api/v1/alerts'].
 * A list of which more than mostPages were loaded stays as it is.
 */
export function useLiveRefresh(names: readonly string[], ...keys: readonly (readonly unknown[])[]): void {
  const queries = useQueryClient()
  const { subscribe } = useContext(LiveContext)
  const wanted = JSON.stringify([names, keys])
  useEffect(() => {
    const [all, queryKeys] = JSON.parse(wanted) as [string[], unknown[][]]
    let timer: number | undefined
    let again = false
    const refresh = () => {
      again = false
      for (const queryKey of queryKeys) void queries.invalidateQueries({ queryKey, predicate: isSmall })
      timer = window.setTimeout(() => {
        timer = undefined
        if (again) refresh()
      }, refreshPause)
    }
    const heard = () => {
      if (timer === undefined) refresh()
      else again = true
    }
    const ends = all.map((name) => subscribe(name, heard))
    return () => {
      for (const end of ends) end()
      window.clearTimeout(timer)
    }
  }, [wanted, queries, subscribe])
}
