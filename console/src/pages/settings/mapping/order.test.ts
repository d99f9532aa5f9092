import { expect, it } from 'vitest'
import { moved, type Placed } from './order'

const at = (...positions: number[]): Placed[] => positions.map((position, i) => ({ id: `r${i}`, position }))

it.each([
  ['between two', at(10, 20, 30), 2, 1, [{ id: 'r2', position: 15 }]],
  ['to the top', at(10, 20, 30), 2, 0, [{ id: 'r2', position: 4 }]],
  ['to the end', at(10, 20, 30), 0, 2, [{ id: 'r0', position: 40 }]],
  ['where there is no room', at(100, 100, 100), 2, 0, [{ id: 'r2', position: 49 }]],
  [
    'between two of the same place',
    at(100, 100, 100),
    2,
    1,
    [
      { id: 'r0', position: 10 },
      { id: 'r2', position: 20 },
      { id: 'r1', position: 30 },
    ],
  ],
  [
    'to the top, which is taken',
    at(0, 1),
    1,
    0,
    [
      { id: 'r1', position: 10 },
      { id: 'r0', position: 20 },
    ],
  ],
  ['nowhere', at(10, 20), 1, 1, []],
  ['beyond the end', at(10, 20), 1, 2, []],
])('moves a rule %s', (_, rules, from, to, wanted) => expect(moved(rules, from, to)).toEqual(wanted))
