import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { count, full } from '@/text/number'
import type { Subscription } from './filter'

/** Trial is what a subscription would let through of the last day's events. */
export type Trial = Schemas['SubscriptionTrial']

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' })

/** countWords says of what a number of matching events is a part: "of 18,310 events of the last day match". */
export function countWords({ looked, matched, complete }: Trial): string {
  const newest = complete ? '' : 'the newest '
  return `of ${newest}${count(looked, 'event')} of the last day ${matched === 1 ? 'matches' : 'match'}`
}

/**
 * paceWords says how many that would be in an hour, and how far back was counted where that is less than a day: there are too
 * many, or the hub has no older ones. Less than an hour tells nothing about the next one.
 */
export function paceWords({ matched, complete, since, until }: Trial): string {
  const begin = Date.parse(since)
  const length = Date.parse(until) - begin
  const words: string[] = []
  const pace = (matched / length) * hour
  if (matched > 0 && length >= hour)
    words.push(pace >= 1 ? `${full(Math.round(pace))} an hour` : 'less than one an hour')
  if (!complete) words.push(`counted back to ${clock.format(begin)}`)
  else if (length < day - minute) words.push(`since ${clock.format(begin)}: the hub has no older events`)
  return words.join(' · ')
}

/** pause is how long nobody must write before a subscription is tried, in milliseconds. */
const pause = 400

/**
 * useTrial tries a subscription on the account's events of the last day, whenever it changes. What is outdated is cancelled;
 * the former outcome stays until the next one is there.
 */
export function useTrial(subscription: Subscription) {
  const [settled] = useDebouncedValue(subscription, pause)
  const enabled = useCan('integrations:write')
  const query = useQuery({
    queryKey: ['post', '/api/v1/subscriptions/try', settled],
    enabled,
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: async ({ signal }): Promise<Trial> => {
      const { data } = await api.POST('/api/v1/subscriptions/try', {
        body: { subscription: settled },
        signal,
      })
      if (!data) throw new Error('the hub did not say what would match')
      return data
    },
  })
  return { ...query, enabled, behind: settled !== subscription || query.isFetching }
}
