import type { Schemas } from '@/api/client'
import type { Tone } from '@/text/State'

export type Block = Schemas['Block']
export type BlockState = Block['state']
export type Placement = Schemas['BlockPlacement']
export type PlacementState = Placement['state']

/** Meaning is a word of the API for people: how it is shown, what colour it has, and what it means. */
export interface Meaning {
  label: string
  tone: Tone
  help: string
}

/** blockMeanings are the states of a block as a whole. */
export const blockMeanings: Record<BlockState, Meaning> = {
  pending_approval: {
    label: 'waits for approval',
    tone: 'warn',
    help: 'Nothing is blocked yet. Somebody other than the requester has to approve it.',
  },
  active: {
    label: 'active',
    tone: 'good',
    help: 'It is to be in force. Where it is in force is said for each responder.',
  },
  removed: { label: 'removed', tone: 'calm', help: 'Somebody ended it, or the address became exempt.' },
  expired: { label: 'expired', tone: 'calm', help: 'Its time ran out.' },
  rejected: { label: 'rejected', tone: 'calm', help: 'Somebody rejected it. Nothing was blocked.' },
  lapsed: { label: 'lapsed', tone: 'calm', help: 'Nobody approved it in time. Nothing was blocked.' },
}

/** placementMeanings are where a block can stand at one responder. */
export const placementMeanings: Record<PlacementState, Meaning> = {
  requested: { label: 'desired', tone: 'busy', help: 'It is wanted there, and will be tried now or again.' },
  applied: {
    label: 'applied',
    tone: 'busy',
    help: 'The vendor has taken it. It has not been read back yet.',
  },
  verified: { label: 'verified', tone: 'good', help: 'The vendor was asked afterwards, and does hold it.' },
  failed: { label: 'failing', tone: 'bad', help: 'It could not be put there. The cause says why.' },
  drifted: { label: 'drifted', tone: 'bad', help: 'It was there, and is not any more.' },
  covered: { label: 'covered', tone: 'good', help: 'A wider block that is in force there stands for it.' },
  removing: { label: 'removing', tone: 'busy', help: 'It has ended, and is still to be taken away there.' },
  removed: { label: 'removed', tone: 'calm', help: 'It has ended, and is known to be gone there.' },
  expired: { label: 'expired', tone: 'calm', help: 'Its time ran out, and it is known to be gone there.' },
  evicted: { label: 'evicted', tone: 'warn', help: 'It made room at a responder that was full.' },
}

/** stepMeanings are the words that only a history has: what was done. */
const stepMeanings: Record<string, Meaning> = {
  changed: { label: 'changed', tone: 'calm', help: 'Its end or its reason was changed.' },
  extended: { label: 'extended', tone: 'calm', help: 'It lasts longer.' },
  asked_again: { label: 'requested again', tone: 'calm', help: 'The same target was requested once more.' },
}

/** stepMeaning is what a line of a history means: of the block as a whole, or at a responder. */
export function stepMeaning(state: string, atResponder: boolean): Meaning {
  const known: Record<string, Meaning> = atResponder ? placementMeanings : blockMeanings
  return known[state] ?? stepMeanings[state] ?? { label: state.replaceAll('_', ' '), tone: 'calm', help: '' }
}

/** isOpen says whether a block is in force or may become so. */
export const isOpen = (block: { state: string }): boolean =>
  block.state === 'active' || block.state === 'pending_approval'

/** isFailing says whether a placement wants somebody's attention. */
export const isFailing = (placement: { state: string }): boolean =>
  placement.state === 'failed' || placement.state === 'drifted'

/** looksLikeTarget says whether a text is an address or a range rather than words. */
export const looksLikeTarget = (text: string): boolean =>
  /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)(\/\d{1,3})?$/i.test(text.trim())
