import { afterEach, describe, expect, it, vi } from 'vitest'
import { ask, longestRead } from './reach'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const url = 'http://127.0.0.1/api/v1/me'
const answers = (answer: () => Response | Promise<Response>) => vi.stubGlobal('fetch', async () => answer())
const of = (body: BodyInit | null, type: string, status = 200) =>
  new Response(body, { status, headers: type ? { 'Content-Type': type } : {} })
const cut = () =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"id":'))
      controller.error(new TypeError('network error'))
    },
  })

describe('an answer', () => {
  it.each<[what: string, answer: () => Response, status: number, body: string]>([
    ['that is whole', () => of('{"id":"a"}', 'application/json'), 200, '{"id":"a"}'],
    [
      'that is a refusal',
      () => of('{"detail":"no"}', 'application/problem+json', 409),
      409,
      '{"detail":"no"}',
    ],
    ['that is a proxy’s refusal', () => of('<h1>no</h1>', 'text/html', 502), 502, '<h1>no</h1>'],
    ['that is empty', () => of(null, '', 204), 204, ''],
    ['that is a file', () => of('a,b', 'text/csv'), 200, 'a,b'],
  ])('%s', async (_, answer, status, body) => {
    answers(answer)
    const got = await ask(new Request(url))
    expect(got.status).toBe(status)
    expect(await got.text()).toBe(body)
  })

  it.each<[what: string, method: string, answer: () => Response, says: RegExp]>([
    ['that is a proxy’s page', 'GET', () => of('<h1>Sign in</h1>', 'text/html'), /a proxy wrote it\.$/],
    ['that is half of one', 'GET', () => of('{"id":', 'application/json'), /cut off/],
    ['that breaks off', 'GET', () => of(cut(), 'application/json'), /cut off/],
    ['to a change', 'POST', () => of('{"id":', 'application/json'), /look before you try again\.$/],
  ])('%s is not taken', async (_, method, answer, says) => {
    answers(answer)
    await expect(ask(new Request(url, { method }))).rejects.toMatchObject({
      name: 'Problem',
      status: 0,
      code: 'NOT_THE_ANSWER',
      message: expect.stringMatching(says),
    })
  })
})

describe('no answer', () => {
  it('is told as such', async () => {
    answers(() => Promise.reject(new TypeError('Failed to fetch')))
    await expect(ask(new Request(url))).rejects.toMatchObject({ status: 0, code: 'NO_ANSWER' })
  })

  it('that nobody waits for any more is no problem', async () => {
    vi.stubGlobal('fetch', never)
    const end = new AbortController()
    const asked = ask(new Request(url, { signal: end.signal }))
    end.abort()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('to a read ends after its time, and one to a change does not', async () => {
    vi.useFakeTimers()
    vi.stubGlobal('fetch', never)
    const read = expect(ask(new Request(url))).rejects.toMatchObject({ status: 0, code: 'NO_ANSWER_IN_TIME' })
    const ended = vi.fn()
    void ask(new Request(url, { method: 'POST' })).catch(ended)
    await vi.advanceTimersByTimeAsync(longestRead)
    await read
    await vi.advanceTimersByTimeAsync(longestRead)
    expect(ended).not.toHaveBeenCalled()
  })
})

/** never is a hub that keeps the connection and says nothing. */
const never = (_: Request, { signal }: RequestInit) =>
  new Promise((_resolve, reject) =>
    signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
  )
