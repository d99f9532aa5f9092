import { expect, it } from 'vitest'
import { wayTo } from './wayTo'

it.each([
  ['alr_01kmb7a2v4', '/alerts/alr_01kmb7a2v4'],
  ['inc-7', '/incidents/INC-7'],
  ['blk_1', '/blocks/blk_1'],
  ['alr_../../x', undefined],
  ['hello', undefined],
])('%s leads to %s', (text, href) => expect(wayTo(text)?.href).toBe(href))
