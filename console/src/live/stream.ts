import { createParser } from 'eventsource-parser'
import { heed, readProblem, requestHeaders } from '@/api/client'
import { asProblem, isSessionEnd } from '@/api/problem'

/** LiveMessage is one message of the stream; name is event, delivery, mailbox, alert, incident, block, job, health or lost. */
export interface LiveMessage {
  name: string
  data: unknown
}

/** LiveState says how the stream is doing: connecting at first, live, or waiting to connect again. */
export type LiveState = 'connecting' | 'live' | 'waiting'

interface Listener {
  message(message: LiveMessage): void
  state(state: LiveState): void
}

// How long to wait before connecting again, in milliseconds: doubled after each failure, with jitter.
const firstWait = 1_000
const longestWait = 30_000
/** silence is how long nothing may come at all: the hub sends a comment every 15 seconds. */
const silence = 45_000

/** nextWait is how long to wait after so many failures in a row. */
export function nextWait(failures: number, random: () => number = Math.random): number {
  const full = Math.min(longestWait, firstWait * 2 ** Math.min(failures, 10))
  return full / 2 + (full / 2) * random()
}

/**
 * follow reads the stream until the signal is aborted, connecting again whenever it ends. Events go on where they were:
 * the id of the last message goes along.
 */
export async function follow(topics: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let lastID = ''
  let failures = 0
  listener.state('connecting')
  while (!signal.aborted) {
    try {
      await connect(topics, lastID, signal, {
        id: (id) => {
          lastID = id
        },
        open: () => {
          failures = 0
          listener.state('live')
        },
        message: listener.message,
      })
    } catch (thrown) {
      if (signal.aborted) return
      const problem = asProblem(thrown)
      heed(problem)
      if (isSessionEnd(problem.status, problem.code)) {
        listener.state('waiting')
        return // whoever signs in begins anew
      }
    }
    if (signal.aborted) return
    listener.state('waiting')
    await pause(nextWait(failures), signal)
    failures++
  }
}

interface Sink {
  id(id: string): void
  open(): void
  message(message: LiveMessage): void
}

async function connect(topics: string, lastID: string, signal: AbortSignal, sink: Sink): Promise<void> {
  const quiet = new AbortController()
  const stop = () => quiet.abort()
  signal.addEventListener('abort', stop)
  let timer = window.setTimeout(stop, silence)
  try {
    const headers: Record<string, string> = { Accept: 'text/event-stream', ...requestHeaders('GET') }
    if (lastID) headers['Last-Event-ID'] = lastID
    const response = await fetch(`/api/v1/stream?topics=${encodeURIComponent(topics)}`, {
      headers,
      credentials: 'same-origin',
      signal: quiet.signal,
    })
    if (!response.ok || !response.body) throw await readProblem(response)
    sink.open()
    const parser = createParser({
      onId: sink.id,
      onEvent: (event) => sink.message({ name: event.event ?? '', data: parse(event.data) }),
    })
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      window.clearTimeout(timer)
      timer = window.setTimeout(stop, silence)
      parser.feed(value)
    }
  } finally {
    window.clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** hurryEvent makes every wait before connecting again end at once. */
export const hurryEvent = 'tocsin:hurry'

/** hurry connects again at once where that is waited for. */
export const hurry = (): boolean => window.dispatchEvent(new Event(hurryEvent))

/** shortest is how long a wait lasts at least, whatever hurries it, in milliseconds: who flicks through tabs asks no more often. */
const shortest = 500

// What makes it likely that the hub can be reached again, or that somebody wants to know.
const signs = [hurryEvent, 'online', 'focus', 'visibilitychange']

/** pause waits, until something tells to hurry or the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController()
  const least = new Promise((resolve) => window.setTimeout(resolve, Math.min(ms, shortest)))
  await new Promise<void>((resolve) => {
    const timer = window.setTimeout(resolve, ms)
    const stop = () => {
      window.clearTimeout(timer)
      resolve()
    }
    // visibilitychange comes from the document, and bubbles.
    for (const sign of signs) window.addEventListener(sign, stop, { signal: end.signal })
    signal.addEventListener('abort', stop, { signal: end.signal })
  })
  end.abort()
  if (!signal.aborted) await least
}
