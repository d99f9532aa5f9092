import { expect, test } from 'vitest'
import { panels } from './panels'
import { tabsOf } from './tabs'

const names = (capabilities: string[]) => tabsOf({ capabilities }).map((tab) => tab.value)

test.each([
  [
    ['send', 'test'],
    ['overview', 'settings', 'subscription', 'test', 'deliveries', 'mailbox', 'health'],
  ],
  [
    ['test', 'block'],
    ['overview', 'settings', 'test', 'addresses'],
  ],
  [
    ['send', 'callback', 'digest'],
    ['overview', 'settings', 'subscription', 'test', 'deliveries', 'mailbox', 'health', 'calls', 'digest'],
  ],
])('what can %s has the parts %s', (capabilities, parts) => {
  expect(names(capabilities)).toEqual(parts)
})

test('every part has a panel', () => {
  const all = names(['send', 'batch', 'test', 'callback', 'reconcile', 'digest', 'block'])
  expect(all.filter((name) => !(name in panels))).toEqual([])
})
