import { expect, it } from 'vitest'
import { initials } from './initials'

it.each([
  ['dana.scully@example.com', 'DS'],
  ['dana@example.com', 'DA'],
  ['on-call-tier 1', 'OC'],
  ['x@example.com', 'X'],
  ['ümit@example.com', 'ÜM'],
  ['@example.com', '?'],
])('%s is %s', (address, want) => expect(initials(address)).toBe(want))
