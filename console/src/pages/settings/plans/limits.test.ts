import { expect, it } from 'vitest'
import { connectorWords, monthName, part } from './limits'

it.each([
  [['*'], ['all connectors']],
  [
    ['category:threat_intel', 'slack'],
    ['all of threat intel', 'slack'],
  ],
  [[], []],
])('%j', (connectors, words) => expect(connectorWords(connectors)).toEqual(words))

it.each([
  [50, 0, undefined],
  [50, 200, 25],
  [300, 200, 100],
])('%d of %d', (used, limit, wanted) => expect(part(used, limit)).toBe(wanted))

it.each([
  ['2026-11', 'November 2026'],
  ['now', 'now'],
])('%s is %s', (month, name) => expect(monthName(month)).toBe(name))
