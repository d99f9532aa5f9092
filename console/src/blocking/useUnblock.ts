import { useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import type { Schemas } from '@/api/client'
import { blockAgain, unblock } from './end'

/** useUnblock ends a block, or takes the request for one back, once somebody has said so; it can be undone for a moment. */
export function useUnblock(): (block: Schemas['Block']) => void {
  const queries = useQueryClient()
  const changed = () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [method, path] }) =>
        method === 'get' && typeof path === 'string' && path.startsWith('/api/v1/blocks'),
    })
  return (block) => {
    const { target } = block
    const waits = block.state === 'pending_approval'
    confirm({
      title: waits ? `Withdraw the block of ${target}?` : `Unblock ${target}?`,
      text: waits
        ? 'The request ends. Nothing was blocked yet.'
        : 'The block ends, and every responder removes it. Its history stays for 90 days.',
      verb: waits ? 'Withdraw' : 'Unblock',
      danger: true,
      reason: 'Why (for the record)',
      optionalReason: true,
      act: async (reason) => {
        await unblock(block, reason)
        await changed()
        done(
          waits
            ? `The request to block ${target} is withdrawn.`
            : `${target} is no longer blocked; its responders are removing it.`,
          async () => {
            await blockAgain(block)
            await changed()
          },
        )
      },
    })
  }
}
