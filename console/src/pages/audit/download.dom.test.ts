import { afterEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { gather, TooLarge } from './download'

afterEach(() => vi.unstubAllGlobals())

const stub = (status: number, ...chunks: string[]) =>
  vi.stubGlobal('fetch', async () => {
    const body = new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    })
    return new Response(body, { status, headers: { 'Content-Type': 'application/x-ndjson' } })
  })

describe('gather', () => {
  it('puts the parts together and tells how far it is', async () => {
    stub(200, '{"a":1}\n', '{"b":2}\n')
    const told: number[] = []
    const file = await gather('/x', new AbortController().signal, (n) => told.push(n))
    expect(told).toEqual([8, 16])
    expect(file.size).toBe(16)
    expect(file.type).toBe('application/x-ndjson')
  })

  it('stops at its limit', async () => {
    stub(200, '12345', '67890')
    await expect(gather('/x', new AbortController().signal, () => {}, 9)).rejects.toThrow(TooLarge)
  })

  it('says why the hub refused', async () => {
    stub(403, '{"detail":"only the operator may"}')
    const refused = gather('/x', new AbortController().signal, () => {})
    await expect(refused).rejects.toThrow(Problem)
    await expect(refused).rejects.toThrow('only the operator may')
  })
})
