import { expect, it } from 'vitest'
import { ago } from './time'

const now = Date.parse('2026-11-22T12:00:00Z')

it.each([
  ['2026-11-22T11:59:57Z', 'just now'],
  ['2026-11-22T11:59:20Z', '40s ago'],
  ['2026-11-22T11:55:00Z', '5m ago'],
  ['2026-11-22T14:00:00Z', 'in 2h'],
  ['2026-11-19T12:00:00Z', '3d ago'],
])('%s is %s', (time, wanted) => expect(ago(Date.parse(time), now)).toBe(wanted))
