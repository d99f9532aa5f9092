import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { State } from '@/text/State'
import { useNow } from '@/text/time'
import { inBrief } from './open'

/** BlockedChip says that there is an open block, how far it is and how long it lasts, and leads to it. */
export function BlockedChip({ block }: { block: Schemas['Block'] }) {
  const { label, tone } = inBrief(block, useNow())
  return (
    <PageLink underline="hover" to={`/blocks/${block.id}`} title={`The block of ${block.target}`}>
      <State value={block.state} label={label} tone={tone} />
    </PageLink>
  )
}
