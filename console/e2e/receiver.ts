import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Received is a request that a receiver got. */
export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** Receiver takes what a hub sends, on this machine. */
export interface Receiver {
  url: string
  received: Received[]
  /** answer is what it answers from now on. */
  answer(status: number, body?: string): void
  close(): Promise<void>
}

/** startReceiver starts a receiver on a free port; it answers 200 until told otherwise. */
export async function startReceiver(): Promise<Receiver> {
  let status = 200
  let text = 'ok'
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      })
      response.writeHead(status, { 'Content-Type': 'text/plain' }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answer(next, body = '') {
      status = next
      text = body
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
