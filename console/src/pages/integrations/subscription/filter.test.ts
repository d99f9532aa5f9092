import { expect, test } from 'vitest'
import type { Schemas } from '@/api/client'
import { covering, found, groupsOf, subscriptionOf, toggled } from './filter'

const type = (name: string, category: string): Schemas['EventType'] => ({
  name,
  category,
  description: `About ${name}.`,
  severity: 'info',
  sample: {},
})
const types = [
  type('system.digest', 'system'),
  type('attack.detected', 'attack'),
  type('alert.created', 'alert'),
  type('alert.resolved', 'alert'),
]

test('groupsOf begins with what is chosen most, and ends with what Tocsin says of itself', () => {
  expect(groupsOf(types).map((group) => [group.wildcard, group.types.length, group.named])).toEqual([
    ['alert.*', 2, false],
    ['attack.*', 1, false],
    ['system.*', 1, true],
  ])
})

test.each([
  [['*'], 'alert.created', false, '*'],
  [['*'], 'system.digest', true, undefined],
  [['system.*'], 'system.digest', true, 'system.*'],
  [['alert.*'], 'alert.created', false, 'alert.*'],
  [['alert.created'], 'alert.created', false, undefined],
  [['alert.*'], 'alerts.created', false, undefined],
])('of %s, what brings %s', (chosen, name, named, by) => {
  expect(covering(chosen, name, named)).toBe(by)
})

test('toggled makes superfluous what a wildcard brings', () => {
  expect(toggled(['alert.created', 'ip.blocked'], 'alert.*', true)).toEqual(['ip.blocked', 'alert.*'])
  expect(toggled(['alert.*'], 'alert.*', false)).toEqual([])
})

test('found searches names and descriptions', () => {
  expect(found(groupsOf(types), 'RESOLVED').map((group) => group.types.map((each) => each.name))).toEqual([
    ['alert.resolved'],
  ])
})

test('subscriptionOf fills in what is left out', () => {
  expect(subscriptionOf({ types: ['*'] })).toEqual({
    types: ['*'],
    min_severity: 'info',
    alert_types: [],
    projects: [],
    include_children: false,
    where: '',
  })
})
