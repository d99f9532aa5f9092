import { expect, test } from 'vitest'
import { ageOf } from './secretAge'

const set_at = '2026-11-10T12:00:00Z'
const ages = [
  { field: 'token', set_at },
  { field: 'headers.1.value', set_at, set_by: 'ana@example.com' },
]
const header = (name: string) => ({ name, secret: true, value: '********' })
const before = { url: 'https://a.example.com', token: '********', headers: [header('A'), header('B')] }

test.each([
  ['a secret', 'settings.token', before, 'token'],
  ['beside another change', 'settings.token', { ...before, url: 'https://b.example.com' }, 'token'],
  ['one of which nothing is known', 'settings.headers.0.value', before, undefined],
  ['one in a list', 'settings.headers.1.value', before, 'headers.1.value'],
  [
    'one beside a new item',
    'settings.headers.1.value',
    { ...before, headers: [...before.headers, header('C')] },
    'headers.1.value',
  ],
  [
    'another in its place',
    'settings.headers.1.value',
    { ...before, headers: [header('B'), header('C')] },
    undefined,
  ],
  ['one whose list is gone', 'settings.headers.1.value', { token: '********' }, undefined],
])('ageOf: %s', (_, path, now, want) => {
  expect(ageOf(ages, path, before, now)?.field).toBe(want)
})
