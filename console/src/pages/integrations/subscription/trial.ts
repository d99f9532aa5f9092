import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import type { Subscription } from './filter'

/** Trial is what a subscription would let through of the newest events, with examples of those that it would not. */
export interface Trial {
  result: Schemas['SubscriptionTrial']
  leftOut: Schemas['TrialSample'][]
}

/** examples is how many events are looked through for those that are left out. */
const examples = 50

/** leftOutOf are events that were looked at and are not wanted: those without a place among the newest that are. */
export function leftOutOf(
  newest: Schemas['TrialSample'][],
  result: Pick<Schemas['SubscriptionTrial'], 'samples' | 'matched'>,
): Schemas['TrialSample'][] {
  const wanted = new Set(result.samples.map((sample) => sample.id))
  // Of the wanted only the newest are told: what is older than the last of them may be wanted as well.
  const all = result.matched <= result.samples.length
  const last = result.samples.at(-1)?.id
  const end = all || last === undefined ? newest.length : newest.findIndex((event) => event.id === last)
  return newest.slice(0, end < 0 ? newest.length : end).filter((event) => !wanted.has(event.id))
}

/** pause is how long nobody must write before a subscription is tried, in milliseconds. */
const pause = 400

/** useTrial tries a subscription on the account's newest events, whenever it changes. */
export function useTrial(subscription: Subscription) {
  const [settled] = useDebouncedValue(subscription, pause)
  const readsEvents = useCan('events:read')
  const enabled = useCan('integrations:write')
  const query = useQuery({
    queryKey: ['post', '/api/v1/subscriptions/try', settled],
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }): Promise<Trial> => {
      // The events are read first, so that each of them is among those that are tried.
      const newest = readsEvents
        ? await api.GET('/api/v1/events', { params: { query: { limit: examples } }, signal })
        : undefined
      const { data } = await api.POST('/api/v1/subscriptions/try', {
        body: { subscription: settled, last: 1000 },
        signal,
      })
      if (!data) throw new Error('the hub did not say what would match')
      const events = (newest?.data?.items ?? []).map((event) => ({
        id: event.id,
        type: event.type,
        severity: event.severity,
        title: event.title ?? '',
      }))
      return { result: data, leftOut: leftOutOf(events as Schemas['TrialSample'][], data) }
    },
  })
  return { ...query, enabled, behind: settled !== subscription || query.isFetching }
}
