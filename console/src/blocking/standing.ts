import type { Schemas } from '@/api/client'

/** Standing is how far a block has come, as a whole. */
export type Standing = 'proven' | 'going' | 'trouble' | 'pending' | 'leaving' | 'gone'

const inForce = ['verified', 'covered']
const inTrouble = ['failed', 'drifted', 'evicted']
const over = ['removed', 'expired', 'evicted']

/** standing says how far a block has come at all of its responders. */
export function standing({ state, ended_at, placements }: Schemas['Block']): Standing {
  if (ended_at) return placements.every((each) => over.includes(each.state)) ? 'gone' : 'leaving'
  if (state === 'pending_approval') return 'pending'
  if (placements.some((each) => inTrouble.includes(each.state))) return 'trouble'
  if (placements.length > 0 && placements.every((each) => inForce.includes(each.state))) return 'proven'
  return 'going'
}
