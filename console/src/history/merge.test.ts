import { expect, it } from 'vitest'
import { merged } from './merge'

const line = (verb: string, minute: number) => ({
  verb,
  at: `2026-11-22T12:${String(minute).padStart(2, '0')}:00Z`,
})
const verbs = (lines: { verb: string }[]) => lines.map(({ verb }) => verb)

it('puts lines where they belong by their time, the newest first', () =>
  expect(
    verbs(merged([line('resolve', 9), line('create', 1)], [line('block', 5), line('removed', 12)], false)),
  ).toEqual(['removed', 'resolve', 'block', 'create']))

it('keeps back what is older than what was read, while there is more', () => {
  const lines = [line('resolve', 9), line('acknowledge', 6)]
  expect(verbs(merged(lines, [line('block', 5), line('put', 7)], true))).toEqual([
    'resolve',
    'put',
    'acknowledge',
  ])
  expect(verbs(merged(lines, [line('block', 5)], false))).toEqual(['resolve', 'acknowledge', 'block'])
})

it('reads fractions of seconds', () => {
  const lines = [{ verb: 'create', at: '2026-11-22T12:00:00.5Z' }]
  expect(verbs(merged(lines, [{ verb: 'block', at: '2026-11-22T12:00:00.75Z' }], false))).toEqual([
    'block',
    'create',
  ])
})
