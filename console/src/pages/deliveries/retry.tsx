import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { asProblem } from '@/api/problem'
import type { Delivery } from '@/delivery/words'
import { refreshLists } from '@/table/refresh'

/** detailKey is where the cache keeps one delivery. */
export const detailKey = (id: string) => ['get', '/api/v1/deliveries/{id}', id] as const

async function retry(queries: QueryClient, id: string, force: boolean): Promise<void> {
  await api.POST('/api/v1/deliveries/{id}/retry', { params: { path: { id } }, body: { force } })
  await queries.invalidateQueries({ queryKey: detailKey(id) })
  refreshLists(queries, '/api/v1/mailbox', '/api/v1/mailbox/causes')
  done('The delivery is tried again.')
}

/** overtaken says whether a refusal is about something newer of the same key, which force overrules. */
const overtaken = (thrown: unknown): boolean => {
  const { status, message } = asProblem(thrown)
  return status === 409 && message.includes('"force"')
}

/** useRetry tries a delivery again at once. If it was overtaken by a newer one of its key, it asks whether to all the same. */
export function useRetry(delivery: Delivery) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: () => retry(queries, delivery.id, false),
    onError: (thrown) => {
      if (!overtaken(thrown)) {
        failed('Retrying the delivery', thrown)
        return
      }
      confirm({
        title: 'Deliver it all the same?',
        text: 'Something newer of its ordering key was delivered since. The receiver may take this older one for the latest state.',
        verb: 'Deliver it',
        danger: true,
        act: () => retry(queries, delivery.id, true),
      })
    },
  })
}
