import { expect, it } from 'vitest'
import { withText } from './search'
import type { Exempt } from './useNeverBlock'

const entries: Exempt[] = [
  { source: 'reserved', target: '10.0.0.0/8', reason: 'Private addresses' },
  { source: 'cloudflare', target: '104.16.0.0/13', reason: 'An edge of Cloudflare' },
  { source: 'list', target: '198.51.100.0/24', reason: 'The office', author: 'ana@example.com' },
]

it.each([
  ['', 3],
  ['104.16', 1],
  ['OFFICE', 1],
  ['built in', 2],
  ['ana office', 1],
  ['ana cloudflare', 0],
])('“%s” leaves %i', (text, wanted) => expect(withText(entries, text)).toHaveLength(wanted))
