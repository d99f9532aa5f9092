import { api, type Schemas } from '@/api/client'
import { Problem } from '@/api/problem'
import { hubNow } from '@/clock/hub'
import { ttlLeft } from './duration'

type Block = Schemas['Block']

/** unblock ends a block; its responders take it away. */
export async function unblock(block: Block, reason: string): Promise<void> {
  await api.DELETE('/api/v1/blocks/{id}', {
    params: { path: { id: block.id ?? '' }, query: reason ? { reason } : {} },
  })
}

/** blockAgain asks once more for a block that was ended: for what was left of its time, at the same responders. */
export async function blockAgain(block: Block): Promise<void> {
  const ttl = block.state === 'pending_approval' ? block.ttl : ttlLeft(block.expires_at, hubNow())
  if (!ttl) throw new Problem(-1, { detail: `The time of the block of ${block.target} is over.` })
  await api.POST('/api/v1/blocks', {
    body: {
      target: block.target,
      ttl,
      ...(block.reason ? { reason: block.reason } : {}),
      integrations: block.responders,
      evidence: block.evidence,
    },
  })
}
