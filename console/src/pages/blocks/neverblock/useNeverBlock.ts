import { useQueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, type Schemas } from '@/api/client'
import { pageSize, usePages } from '@/table/pages'

/** Exempt is a range that no block ever touches. */
export type Exempt = Schemas['NeverBlock']

const path = '/api/v1/never-block'

/** mostSearched is among how many entries one looks for a text without being asked to load more. */
const mostSearched = 5_000

/** origins are who can say that something is exempt, in words. */
export const origins: Record<Exempt['source'], { label: string; help: string }> = {
  list: { label: 'added', help: 'Somebody put it on the list.' },
  operator: { label: 'configured', help: 'Whoever operates the hub configured it.' },
  own: { label: 'the hub itself', help: 'An address of the hub.' },
  reserved: { label: 'built in: special range', help: 'A private or special range; never somebody outside.' },
  cloudflare: {
    label: 'built in: Cloudflare',
    help: 'Cloudflare’s edge: blocking it blocks everybody behind it.',
  },
  resolver: { label: 'built in: resolver', help: 'A public resolver.' },
  caller: { label: 'you', help: 'Where this request comes from.' },
  session: { label: 'signed in', help: 'People were signed in from there within the last day.' },
}

/**
 * useNeverBlock reads the never-block list: with all, also what is exempt without being on the account's own list. With
 * whole it reads page after page, up to mostSearched entries, as whoever looks for a text has to: the API does not look
 * for texts.
 */
export function useNeverBlock(all: boolean, whole: boolean) {
  const list = usePages<Exempt, Schemas['ListNeverBlock']>(['get', path, { all }], async (cursor, signal) => {
    const query = { all, limit: pageSize, ...(cursor ? { cursor } : {}) }
    const { data } = await api.GET(path, { params: { query }, signal })
    return data ?? { items: [] }
  })
  const reading = whole && list.hasMore && list.rows.length < mostSearched && !list.error
  const next = reading && !list.loadingMore
  const { loadMore } = list
  // biome-ignore lint/correctness/useExhaustiveDependencies: loadMore is another one each time
  useEffect(() => {
    if (next) loadMore()
  }, [next])
  return { ...list, reading }
}

/** useNeverBlockChanged reads the list, and what it may have ended, again. */
export function useNeverBlockChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [method, key] }) =>
        method === 'get' &&
        typeof key === 'string' &&
        (key.startsWith(path) || key.startsWith('/api/v1/blocks')),
    })
}
