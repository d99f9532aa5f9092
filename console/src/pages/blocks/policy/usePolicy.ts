import { useQueryClient } from '@tanstack/react-query'
import { $api } from '@/api/client'

const path = '/api/v1/response-policy'

/** usePolicy reads the account's rules for blocks, with the kill switch. */
export const usePolicy = () => $api.useQuery('get', path)

/** Policy is the document as the API gives it. */
export type Policy = NonNullable<ReturnType<typeof usePolicy>['data']>

/** usePolicyChanged reads everything again that a change of the policy may change. */
export function usePolicyChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return async () => {
    await queries.invalidateQueries({ queryKey: ['get', path] })
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/blocks'] })
  }
}
