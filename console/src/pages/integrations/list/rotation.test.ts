import { expect, test } from 'vitest'
import { rotationNote, rotationOf, rotationWords } from './rotation'

const now = Date.parse('2026-11-22T15:00:00Z')

test.each([
  ['2026-11-21', 'overdue', 'overdue by 1 day'],
  ['2026-11-22', 'soon', 'due today'],
  ['2026-12-06', 'soon', 'in 14 days'],
  ['2026-12-07', 'later', 'in 15 days'],
])('by %s', (date, state, words) => {
  const due = rotationOf(date, now)
  expect(due?.state).toBe(state)
  expect(due && rotationWords(due)).toBe(words)
  expect(due && rotationNote(due)).toBe(
    words.startsWith('in') ? `rotation due ${words}` : `rotation ${words}`,
  )
})

test.each(['', 'soon'])('no date: %s', (date) => expect(rotationOf(date, now)).toBeUndefined())
