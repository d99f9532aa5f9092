import { describe, expect, it } from 'vitest'
import { bodyOf, changesWhat, draftOf, faultsOf, newDraft } from './draft'
import type { Rule } from './useRules'

const rule = {
  name: 'Brute force',
  subscription: { types: ['alert.created'], min_severity: 'high' },
  block: { entity_role: '', max_per_hour: 20, ttl: '4h' },
} as Rule

describe('a draft', () => {
  it('comes back as it was read', () => {
    expect(bodyOf(draftOf(rule))).toMatchObject({
      name: 'Brute force',
      subscription: { types: ['alert.created'], min_severity: 'high' },
      block: { entity_role: 'source', max_per_hour: 20, ttl: '4h' },
    })
  })
  it('leaves the duration to the policy when it says none', () => {
    expect(bodyOf({ ...newDraft, ttl: '' }).block).not.toHaveProperty('ttl')
  })
})

describe('changesWhat', () => {
  it('lets a name be changed', () => {
    expect(changesWhat(rule, { ...draftOf(rule), name: 'Other' })).toBe(false)
  })
  it('hears of everything else', () => {
    expect(changesWhat(rule, { ...draftOf(rule), ttl: '8h' })).toBe(true)
    expect(changesWhat(rule, { ...draftOf(rule), alert_types: ['x'] })).toBe(true)
  })
})

it('finds the field of a message, wherever it stands', () => {
  expect(
    faultsOf([
      { field: 'rule.subscription.where', message: 'a' },
      { field: 'subscription.types[0]', message: 'b' },
      { field: 'block.ttl', message: 'c' },
      { field: 'body.subscription.projects.1', message: 'd' },
    ]),
  ).toEqual({ where: 'a', types: 'b', ttl: 'c', projects: 'd' })
})
