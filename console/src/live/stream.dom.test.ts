import { afterEach, describe, expect, it, vi } from 'vitest'
import { topicsFor } from './LiveProvider'
import { follow, hurry, type LiveMessage, nextWait, pause } from './stream'

afterEach(() => vi.unstubAllGlobals())

const answer = (...chunks: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    }),
    { status: 200 },
  )

describe('follow', () => {
  it('goes on behind the last message after a drop, and does not mind how messages are cut', async () => {
    vi.useFakeTimers()
    const end = new AbortController()
    const asked: (string | undefined)[] = []
    const answers = [
      answer('event: alert\nda', 'ta: {"id":"a"}\nid: p1\n\n'),
      answer('event: alert\ndata: {"id":"b"}\n\n'),
    ]
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
      asked.push((init.headers as Record<string, string>)['Last-Event-ID'])
      const next = answers.shift()
      if (!next) {
        end.abort()
        throw new TypeError('network')
      }
      return next
    })
    const got: LiveMessage[] = []
    const states: string[] = []
    const done = follow('alerts', { message: (m) => got.push(m), state: (s) => states.push(s) }, end.signal)
    await vi.advanceTimersByTimeAsync(60_000)
    await done
    vi.useRealTimers()
    expect(got).toEqual([
      { name: 'alert', data: { id: 'a' } },
      { name: 'alert', data: { id: 'b' } },
    ])
    expect(asked).toEqual([undefined, 'p1', 'p1'])
    expect(states).toEqual(['connecting', 'live', 'waiting', 'live', 'waiting'])
  })
})

describe('the wait before connecting again', () => {
  it.each([
    [0, 0, 500],
    [0, 1, 1_000],
    [3, 1, 8_000],
    [60, 1, 30_000],
  ])('after %i failures, random %i: %i ms', (failures, random, ms) =>
    expect(nextWait(failures, () => random)).toBe(ms),
  )
})

describe('waiting to connect again', () => {
  it.each<[what: string, sign: (end: AbortController) => unknown]>([
    ['somebody asks for it', hurry],
    ['the network is back', () => window.dispatchEvent(new Event('online'))],
    ['the tab is looked at', () => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))],
    ['nobody wants it any more', (end) => end.abort()],
  ])('ends when %s', async (_, sign) => {
    vi.useFakeTimers()
    const end = new AbortController()
    const over = vi.fn()
    void pause(30_000, end.signal).then(over)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(over).not.toHaveBeenCalled()
    sign(end)
    await vi.advanceTimersByTimeAsync(0)
    expect(over).toHaveBeenCalled()
    vi.useRealTimers()
  })
})

it('asks only for topics that the scopes allow', () => {
  expect(topicsFor(['alerts:read', 'blocks:read'])).toEqual(['alerts', 'blocks'])
  expect(topicsFor([])).toEqual([])
  expect(topicsFor(['admin'])).toHaveLength(7)
})
