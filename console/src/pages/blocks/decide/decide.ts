import { api } from '@/api/client'
import { asProblem, Problem } from '@/api/problem'
import type { Block } from '../words'

const at = (block: Block) => ({ path: { id: block.id ?? '' } })

/** ifMatch is the header that makes a change fail when somebody else was faster. */
export const ifMatch = (thing: { version?: number }) => ({ 'If-Match': `"${thing.version ?? 0}"` })

/** approve makes a block that waits active. Whoever asked for it may not. */
export async function approve(block: Block, note = ''): Promise<void> {
  await explained(() =>
    api.POST('/api/v1/blocks/{id}/approve', { params: at(block), body: note ? { note } : {} }),
  )
}

/** reject ends a request; nothing is blocked. */
export async function reject(block: Block, note: string): Promise<void> {
  await api.POST('/api/v1/blocks/{id}/reject', { params: at(block), body: note ? { note } : {} })
}

/** retry makes the responders try now what failed. */
export async function retry(block: Block): Promise<void> {
  await api.POST('/api/v1/blocks/{id}/retry', { params: at(block) })
}

/** samePerson explains the rule of four eyes to whoever has run into it. */
export const samePerson =
  'You requested this block yourself, or with a key that you created. The policy wants a second person: ask a colleague who may approve blocks. You may reject it.'

/** explained says in words why somebody may not approve their own request. */
async function explained(act: () => Promise<unknown>): Promise<void> {
  try {
    await act()
  } catch (thrown) {
    const problem = asProblem(thrown)
    if (problem.code !== 'SAME_PERSON') throw problem
    throw new Problem(problem.status, { ...problem.body, detail: samePerson })
  }
}
