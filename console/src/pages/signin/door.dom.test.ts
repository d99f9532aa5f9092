import { expect, it } from 'vitest'
import { isOwnPath } from './route'
import { takeToken } from './token'

it.each([
  ['/alerts?q=1', true],
  ['/', true],
  ['//evil.example', false],
  ['/\\evil.example', false],
  ['https://evil.example', false],
  ['javascript:alert(1)', false],
  ['/sign-in?next=/', false],
])('after signing in, %s may be opened: %s', (path, wanted) => expect(isOwnPath(path)).toBe(wanted))

it('takes the token out of the address', () => {
  window.history.replaceState(null, '', '/setup#token=tsl_abc')
  expect(takeToken()).toBe('tsl_abc')
  expect(window.location.hash).toBe('')
  expect(takeToken()).toBe('')
})
