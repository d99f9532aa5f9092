import { expect, it } from 'vitest'
import { leastWidth } from './columns'

it('columns are at least as wide as their first numbers say', () =>
  expect(leastWidth([{ width: '120px' }, { width: 'minmax(200px, 1fr)' }, { width: '1fr' }])).toBe(320))
