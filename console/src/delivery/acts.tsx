import { Stack, Text } from '@mantine/core'
import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { watchJob } from '@/jobs/mine'
import { refreshLists } from '@/table/refresh'
import { count } from '@/text/number'

/** Selected are deliveries by id or by filter, one of the two. */
export type Selected = Pick<Schemas['Replay'], 'ids' | 'filter'>

/** mostIDs is how many deliveries the hub takes by id at a time; more are chosen by filter. */
export const mostIDs = 10_000

const refresh = (queries: QueryClient) => refreshLists(queries, '/api/v1/mailbox', '/api/v1/mailbox/causes')

/** many is how many deliveries an act is about, in words; how many a filter lets through may not be known. */
const many = (n: number | undefined): string =>
  n === undefined ? 'all deliveries that match' : count(n, 'delivery', 'deliveries')

/** useActs are the two things that can be done to what is in the mailbox. then is called when one was done. */
export function useActs(then?: () => void) {
  const queries = useQueryClient()
  return {
    /** replay sends deliveries again, as a job in the tray. */
    replay: async (selected: Selected, force = false): Promise<void> => {
      try {
        const { data } = await api.POST('/api/v1/mailbox/replay', { body: { ...selected, force } })
        if (data) watchJob(data)
        then?.()
        refresh(queries)
      } catch (thrown) {
        failed('Replaying', thrown)
      }
    },
    /** replayAll asks before it sends many again. */
    replayAll: (selected: Selected, n: number | undefined, where: string): void =>
      confirm({
        title: `Replay ${many(n)}?`,
        text: (
          <Stack gap="xs">
            <Text size="sm">
              {where} They are sent again with the same ids, so that receivers can drop what they have. It is
              a job that you can watch and cancel; what fails again comes back here.
            </Text>
            <Text size="sm" c="dimmed">
              One that was overtaken by something newer of its ordering key is left where it is.
            </Text>
          </Stack>
        ),
        verb: 'Replay',
        act: async () => {
          const { data } = await api.POST('/api/v1/mailbox/replay', { body: { ...selected, force: false } })
          if (data) watchJob(data)
          then?.()
          refresh(queries)
        },
      }),
    /** discard closes deliveries with a reason. */
    discard: (selected: Selected, n: number | undefined): void =>
      confirm({
        title: `Discard ${many(n)}?`,
        text: 'They are closed without being delivered, and counted as discarded. For 30 days they stay under “Discarded” and can be replayed from there.',
        reason: 'Reason',
        verb: 'Discard',
        danger: true,
        act: async (reason) => {
          const { data } = await api.POST('/api/v1/mailbox/discard', { body: { ...selected, reason } })
          then?.()
          refresh(queries)
          done(
            `${count(data?.discarded ?? 0, 'delivery', 'deliveries')} discarded. To take it back, replay from “Discarded”.`,
          )
        },
      }),
  }
}
