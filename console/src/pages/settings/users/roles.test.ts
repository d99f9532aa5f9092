import { expect, it } from 'vitest'
import { mayGive } from './roles'

it.each([
  ['owner', 'owner', true],
  ['admin', 'owner', false],
  ['admin', 'admin', true],
  ['admin', 'viewer', true],
  [undefined, 'viewer', false],
  ['owner', 'king', false],
])('%s may give %s: %s', (own, given, answer) => expect(mayGive(own, given)).toBe(answer))
