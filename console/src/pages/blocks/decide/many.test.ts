import { describe, expect, it } from 'vitest'
import { many } from './many'

describe('many', () => {
  it('does all, a few at a time, and says what failed and why', async () => {
    let running = 0
    let most = 0
    const heard: number[] = []
    const result = await many(
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      async (n) => {
        running++
        most = Math.max(most, running)
        await Promise.resolve()
        running--
        if (n === 5) throw Object.assign(new Error('five is odd'), { name: 'Odd' })
      },
      (progress) => heard.push(progress.done.length + progress.failed.length),
      new AbortController().signal,
    )
    expect(result.done).toHaveLength(8)
    expect(result.failed).toEqual([{ item: 5, why: 'five is odd' }])
    expect(most).toBe(4)
    expect(heard.at(-1)).toBe(9)
  })

  it('stops when it is cancelled, and finishes what has begun', async () => {
    const end = new AbortController()
    const result = await many(
      Array.from({ length: 100 }, (_, i) => i),
      async () => {
        await Promise.resolve()
        end.abort()
      },
      () => {},
      end.signal,
    )
    expect(result.done.length).toBeGreaterThan(0)
    expect(result.done.length).toBeLessThanOrEqual(4)
  })
})
