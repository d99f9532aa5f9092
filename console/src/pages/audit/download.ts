import { readProblem, requestHeaders } from '@/api/client'
import { reach } from '@/api/reach'

/** mostBytes is how large a file may be that is gathered in the browser; larger ones are for the command line. */
export const mostBytes = 512 * 1024 * 1024

/** TooLarge is thrown when a file has more than mostBytes. */
export class TooLarge extends Error {
  constructor() {
    super('The export is too large for the browser: use “tocsin audit export”, or a shorter span of time.')
    this.name = 'TooLarge'
  }
}

/** gather reads a file of the API, telling how many bytes have come. It stops when the signal is aborted. */
export async function gather(
  path: string,
  signal: AbortSignal,
  progress: (bytes: number) => void,
  limit = mostBytes,
): Promise<Blob> {
  const response = await reach(path, { headers: requestHeaders('GET'), credentials: 'same-origin', signal })
  if (!response.ok || !response.body) throw await readProblem(response)
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > limit) {
      await reader.cancel()
      throw new TooLarge()
    }
    parts.push(value)
    progress(bytes)
  }
  return new Blob(parts, { type: response.headers.get('Content-Type') ?? 'application/octet-stream' })
}

/** save gives a file to whoever sits before the browser. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  // The browser has taken the address by then.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 0)
}
