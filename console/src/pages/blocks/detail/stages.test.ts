import { expect, it } from 'vitest'
import type { Placement } from '../words'
import { stagesOf } from './Stages'

const at = (state: Placement['state']): Placement => ({
  integration: 'int_1',
  state,
  wanted: true,
  applied_at: '2026-01-01T00:00:00Z',
  verified_at: '2026-01-01T00:00:01Z',
})

it.each([
  ['requested', 'desired'],
  ['applied', 'desired applied'],
  ['verified', 'desired applied verified'],
  ['failed', 'desired !applied'],
  ['drifted', 'desired !applied !verified'],
  ['evicted', 'desired !applied'],
  ['covered', 'desired covered by a wider one'],
] as const)('%s has come as far as %s', (state, wanted) => {
  const said = stagesOf(at(state))
    .filter((stage) => stage.reached || stage.broken)
    .map((stage) => (stage.broken ? `!${stage.label}` : stage.label))
  expect(said.join(' ')).toBe(wanted)
})

it('shows no time of what does not hold', () => {
  expect(stagesOf(at('drifted')).map((stage) => stage.time)).toEqual([undefined, undefined, undefined])
})
