import { expect, test } from 'vitest'
import { duration, size } from './measure'

test.each([
  ['0', 0],
  ['1h30m', 5_400e9],
  ['1.5s', 1.5e9],
  ['250ms', 250e6],
  ['5', undefined],
  ['5 m', undefined],
  ['-1s', undefined],
  ['', undefined],
])('the duration %s', (text, expected) => expect(duration(text)).toBe(expected))

test.each([
  ['16MiB', 16 * 1024 ** 2],
  ['1KB', 1_000],
  ['512', 512],
  [512, 512],
  ['1.5MiB', undefined],
  ['MiB', undefined],
  [-1, undefined],
  [null, undefined],
])('the size %s', (value, expected) => expect(size(value)).toBe(expected))
