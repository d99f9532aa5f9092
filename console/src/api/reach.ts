import { hearHub } from '@/clock/hub'
import { noAnswer, Problem } from './problem'

/** longestRead is how long a read may take until its whole answer is there, in milliseconds. */
export const longestRead = 60_000

/**
 * reach asks the hub as fetch does, learns from the answer what the hub's clock says, and rejects with a Problem of status 0
 * when no answer comes. For what is gathered piece by piece, and may take its time; everything else goes through ask.
 */
export async function reach(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  try {
    const asked = Date.now()
    const response = await globalThis.fetch(input, init)
    hearHub(response.headers.get('Date'), asked, Date.now())
    return response
  } catch (thrown) {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    if (signal?.aborted) throw signal.reason ?? thrown
    throw new Problem(0, { error: noAnswer.away })
  }
}

/**
 * ask asks the hub, and sees to it that a success is an answer of the hub, whole: a proxy's page or half an answer is a
 * Problem of status 0. A read ends after longestRead; a change may take as long as it does.
 */
export async function ask(request: Request): Promise<Response> {
  const late = new AbortController()
  const timer = isRead(request) ? setTimeout(() => late.abort(), longestRead) : undefined
  const signal = AbortSignal.any([request.signal, late.signal])
  try {
    const response = await reach(request, { signal })
    return isText(request, response) ? await whole(response, request, signal) : response
  } catch (thrown) {
    if (late.signal.aborted) throw new Problem(0, { error: noAnswer.slow, detail: slow })
    throw thrown
  } finally {
    clearTimeout(timer)
  }
}

const isRead = ({ method }: Request): boolean => method === 'GET' || method === 'HEAD'

/** isText says whether an answer is what the console reads at once. A file is left to whoever asked for it. */
function isText(request: Request, response: Response): boolean {
  if (request.method === 'HEAD' || response.status === 204) return false
  const type = response.headers.get('Content-Type') ?? ''
  return /[/+]json\b/.test(type) || type.startsWith('text/html')
}

/** whole reads the answer, and gives it back read. */
async function whole(response: Response, request: Request, signal: AbortSignal): Promise<Response> {
  const text = await response.text().catch((thrown: unknown) => {
    if (signal.aborted) throw thrown
    return undefined
  })
  // A refusal says what it can; see readProblem.
  if (response.ok && (text === undefined || !isJSON(text))) {
    throw new Problem(0, {
      error: noAnswer.foreign,
      detail: isRead(request) ? foreign : `${foreign} ${look}`,
    })
  }
  const { status, statusText, headers } = response
  return new Response(text, { status, statusText, headers })
}

function isJSON(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const slow = 'The hub did not answer within a minute.'
const foreign = 'What came back is not the hub’s answer: it was cut off, or a proxy wrote it.'
const look = 'It may have been done: look before you try again.'
