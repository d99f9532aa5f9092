import { queryOptions, useSuspenseQuery } from '@tanstack/react-query'
import { api, keepCSRF, type Schemas } from '@/api/client'

/** Me is the caller as the hub knows it. */
export type Me = Schemas['Caller']

/** meQuery reads who is signed in, and keeps the session's token. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }) => {
    const { data } = await api.GET('/api/v1/me', { signal })
    if (!data) throw new Error('the hub did not say who is signed in')
    keepCSRF(data.csrf_token ?? '')
    return data
  },
})

/** useMe is who is signed in. The frame has read it before it shows anything, so that it is always there. */
export const useMe = (): Me => useSuspenseQuery(meQuery).data

/** can says whether somebody with these scopes may do what needs one of the wanted; admin may do everything. */
export function can(scopes: readonly string[], ...wanted: string[]): boolean {
  return scopes.includes('admin') || wanted.some((scope) => scopes.includes(scope))
}

/** useCan says whether the signed-in person has a scope, such as 'integrations:write'. */
export const useCan = (...wanted: string[]): boolean => can(useMe().scopes, ...wanted)
