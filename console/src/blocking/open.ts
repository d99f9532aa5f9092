import type { Schemas } from '@/api/client'
import type { Tone } from '@/text/State'
import { shortTime } from '@/text/time'
import { standing } from './standing'

type Block = Schemas['Block']

/** widthOf is how many bits of an address or a range are given: the fewer, the more addresses it has. */
function widthOf(target: string): number {
  const [address = '', bits] = target.split('/')
  return bits === undefined ? (address.includes(':') ? 128 : 32) : Number(bits)
}

/** covering is the open block that has all of a target, of those that overlap it; the narrowest, if several have. */
export const covering = (target: string, overlapping: readonly Block[]): Block | undefined =>
  overlapping
    .filter((block) => widthOf(block.target) <= widthOf(target))
    .sort((x, y) => widthOf(y.target) - widthOf(x.target))[0]

/** inBrief says of an open block in a few words how far it is, and how long it lasts; now is in milliseconds. */
export function inBrief(block: Block, now: number): { label: string; tone: Tone } {
  const stands = standing(block)
  if (stands === 'pending') return { label: 'waits for approval', tone: 'warn' }
  if (stands === 'trouble') return { label: 'block not everywhere yet', tone: 'bad' }
  const end = block.expires_at ? `until ${shortTime(block.expires_at, now)}` : 'for good'
  return stands === 'proven'
    ? { label: `blocked ${end}`, tone: 'good' }
    : { label: `being blocked ${end}`, tone: 'busy' }
}
