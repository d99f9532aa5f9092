import { expect, it } from 'vitest'
import { silenceSearch } from './silence'

const dedup_key = 'alice:door'

it.each([
  [{ dedup_key }, { open: 'new', dedup_key }],
  [
    { dedup_key, project: 'shop' },
    { open: 'new', dedup_key, project: 'shop' },
  ],
  [
    { dedup_key, rule: { id: 'r1', name: 'Door' } },
    { open: 'new', rule: 'r1' },
  ],
  [
    { dedup_key, rule: { name: 'Door' }, project: 'shop' },
    { open: 'new', rule: 'Door', project: 'shop' },
  ],
])('%j is silenced by %j', (alert, wanted) => expect(silenceSearch(alert)).toEqual(wanted))
