import { describe, expect, it } from 'vitest'
import { bytes, count, milliseconds, short } from './number'

describe('numbers for people', () => {
  it.each([
    [short(999), '999'],
    [short(12_345), '12.3K'],
    [count(1, 'alert'), '1 alert'],
    [count(1_200, 'alert'), '1,200 alerts'],
    [count(2, 'reply', 'replies'), '2 replies'],
    [milliseconds(0.42), '0.4 ms'],
    [milliseconds(812.4), '812 ms'],
    [milliseconds(3_200), '3.2 s'],
    [milliseconds(240_000), '4 min'],
    [milliseconds(150_000), '2.5 min'],
    [milliseconds(5_400_000), '1.5 h'],
    [bytes(512), '512 B'],
    [bytes(1_536), '1.5 KiB'],
    [bytes(5 * 1024 ** 3), '5.0 GiB'],
  ])('%s', (got, wanted) => expect(got).toBe(wanted))
})
