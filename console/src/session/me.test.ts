import { describe, expect, it } from 'vitest'
import { can } from './me'

describe('scopes', () => {
  it.each([
    [['admin'], ['blocks:write'], true],
    [['alerts:read'], ['alerts:write'], false],
    [['alerts:read', 'alerts:write'], ['alerts:write'], true],
    [['alerts:read'], ['alerts:write', 'alerts:read'], true],
    [[], ['alerts:read'], false],
  ])('%j can %j: %s', (scopes, wanted, answer) => expect(can(scopes, ...wanted)).toBe(answer))
})
