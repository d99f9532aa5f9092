import { describe, expect, it } from 'vitest'
import { type Technique, tacticLabel, techniqueName } from './techniques'

const byID = new Map<string, Technique>([
  ['T1110', { id: 'T1110', name: 'Brute Force', tactics: ['credential-access'] }],
  ['T1110.001', { id: 'T1110.001', name: 'Password Guessing', tactics: ['credential-access'] }],
])

describe('the name of a technique', () => {
  it.each([
    ['T1110', 'Brute Force'],
    ['T1110.001', 'Brute Force: Password Guessing'],
    ['X1', ''],
  ])('%s is %j', (id, name) => expect(techniqueName(byID, id)).toBe(name))
})

it('tactics are written as people do', () =>
  expect(tacticLabel('credential-access')).toBe('Credential access'))
