import type { Schemas } from '@/api/client'

/** sourceOf names what an event came from: its vendor and product. */
export const sourceOf = ({ source }: Pick<Schemas['Event'], 'source'>): string =>
  [source?.vendor, source?.product].filter(Boolean).join('/')
