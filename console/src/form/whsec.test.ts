import { expect, it } from 'vitest'
import { whsec } from './whsec'

it('writes bytes as base64 behind whsec_', () =>
  expect(whsec(new Uint8Array(32).fill(255))).toBe('whsec_//////////////////////////////////////////8='))

it('makes another one each time, of 32 bytes', () => {
  expect(whsec()).not.toBe(whsec())
  expect(atob(whsec().slice('whsec_'.length))).toHaveLength(32)
})
