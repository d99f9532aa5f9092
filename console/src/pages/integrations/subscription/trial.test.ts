import { expect, test } from 'vitest'
import { countWords, paceWords, type Trial } from './trial'

const until = Date.UTC(2026, 10, 22, 12)
const trial = (hours: number, part: Partial<Trial>): Trial => ({
  looked: 18_310,
  matched: 1_204,
  complete: true,
  since: new Date(until - hours * 3_600_000).toISOString(),
  until: new Date(until).toISOString(),
  filtered: [],
  samples: [],
  left_out: [],
  errors: [],
  ...part,
})
const at = (hours: number) =>
  new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' }).format(until - hours * 3_600_000)

test.each([
  [trial(24, {}), 'of 18,310 events of the last day match', '50 an hour'],
  [trial(24, { looked: 1, matched: 1 }), 'of 1 event of the last day matches', 'less than one an hour'],
  [trial(24, { matched: 0 }), 'of 18,310 events of the last day match', ''],
  [
    trial(5, { looked: 100_000, matched: 50_000, complete: false }),
    'of the newest 100,000 events of the last day match',
    `10,000 an hour · counted back to ${at(5)}`,
  ],
  [
    trial(2, {}),
    'of 18,310 events of the last day match',
    `602 an hour · since ${at(2)}: the hub has no older events`,
  ],
  [trial(0.5, {}), 'of 18,310 events of the last day match', `since ${at(0.5)}: the hub has no older events`],
])('a trial says what it counted', (given, count, pace) => {
  expect(countWords(given)).toBe(count)
  expect(paceWords(given)).toBe(pace)
})
