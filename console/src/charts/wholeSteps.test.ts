import { expect, it } from 'vitest'
import { wholeSteps } from './wholeSteps'

it('steps by whole numbers, each greater than the one before', () => {
  expect(wholeSteps.slice(0, 5)).toEqual([1, 2, 5, 10, 20])
  expect(wholeSteps.every(Number.isInteger)).toBe(true)
  expect(wholeSteps.toSorted((a, b) => a - b)).toEqual(wholeSteps)
})
