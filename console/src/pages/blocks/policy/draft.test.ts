import { expect, it } from 'vitest'
import { draftOf, patchOf } from './draft'
import type { Policy } from './usePolicy'

const policy = { default_ttl: '24h', per_hour: 600, kill_switch: true, killed: true, version: 3 } as Policy

it('leaves the kill switch and what is only known out of the form', () => {
  expect(draftOf(policy)).not.toHaveProperty('kill_switch')
  expect(draftOf(policy)).not.toHaveProperty('version')
})

it('sends only what is different', () => {
  const before = draftOf(policy)
  expect(patchOf(before, { ...before, per_hour: 0 })).toEqual({ per_hour: 0 })
  expect(patchOf(before, { ...before })).toEqual({})
})
