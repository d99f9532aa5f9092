import { expect, it } from 'vitest'
import { connectorWords, monthName, part } from './limits'

const titles = new Map([['slack', 'Slack']])

it.each([
  [['*'], titles, ['all connectors']],
  [['category:threat_intel', 'slack'], titles, ['all of threat intel', 'Slack']],
  [['pigeon', 'slack'], titles, ['Slack']],
  [['pigeon', 'slack'], undefined, ['pigeon', 'slack']],
  [[], titles, []],
])('%j', (connectors, known, words) => expect(connectorWords(connectors, known)).toEqual(words))

it.each([
  [50, 0, undefined],
  [50, 200, 25],
  [300, 200, 100],
])('%d of %d', (used, limit, wanted) => expect(part(used, limit)).toBe(wanted))

it.each([
  ['2026-11', 'November 2026'],
  ['now', 'now'],
])('%s is %s', (month, name) => expect(monthName(month)).toBe(name))
