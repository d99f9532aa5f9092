import type { Schemas } from '@/api/client'
import { State } from '@/text/State'
import { useNow } from '@/text/time'
import { standing } from './scopes'

const tones = { active: 'good', ending: 'warn', expired: 'calm', revoked: 'bad' } as const

/** Standing says where a key stands. */
export function Standing({ item }: { item: Schemas['Key'] }) {
  const value = standing(item, useNow())
  return <State value={value} tone={tones[value]} label={value === 'ending' ? 'expires soon' : value} />
}
