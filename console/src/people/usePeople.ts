import { useMemo } from 'react'
import { $api } from '@/api/client'
import { useCan, useMe } from '@/session/me'

/** mostPeople is how many people are offered to choose from; any other address may be typed. */
const mostPeople = 200

/**
 * usePeople gives the e-mail addresses that work may be given to: the own one first, those of the account's people as far
 * as one may see them, and others that are known already.
 */
export function usePeople(known: readonly string[] = []): string[] {
  const me = useMe()
  const mayRead = useCan('admin')
  const { data } = $api.useQuery(
    'get',
    '/api/v1/users',
    { params: { query: { limit: mostPeople } } },
    { enabled: mayRead },
  )
  const own = me.user?.email ?? ''
  const others = known.join('\n')
  return useMemo(() => {
    const all = [own, ...(data?.items ?? []).map((each) => each.email), ...others.split('\n')]
    return [...new Set(all.filter(Boolean))]
  }, [own, data, others])
}

/** useOwnAddress is the e-mail address of whoever is signed in; empty for an API key. */
export const useOwnAddress = (): string => useMe().user?.email ?? ''
