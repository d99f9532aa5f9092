import { expect, it } from 'vitest'
import { sparkPath } from './sparkPath'

it.each([
  [[], ''],
  [[0, 10], 'M1.0 18.0L11.0 2.0'],
  [[5, null, 5], 'M1.0 2.0M11.0 2.0'],
  [[0, 0], 'M1.0 18.0L11.0 18.0'],
])('%j', (values, path) => expect(sparkPath(values, 12, 20)).toBe(path))
