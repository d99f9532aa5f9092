import { follow, hurry, hurryEvent, type LiveMessage, type LiveState } from './stream'

// All tabs of a browser share one stream: a browser opens six connections to a host over HTTP/1.1, and a stream takes one
// for good. Whichever tab holds the lock reads, and tells the others; when it is closed, the next one takes over.

type Shared =
  | { kind: 'message'; message: LiveMessage }
  | { kind: 'state'; state: LiveState }
  | { kind: 'ask' }
  | { kind: 'hurry' }

interface Listener {
  message(message: LiveMessage): void
  state(state: LiveState): void
}

/** share follows the stream together with the other tabs of the same person and account, until the signal is aborted. */
export function share(who: string, topics: string, listener: Listener, signal: AbortSignal): void {
  const name = `tocsin.live.${who}.${topics}`
  if (!('locks' in navigator) || !('BroadcastChannel' in window)) {
    void follow(topics, listener, signal) // a page without a secure context has no locks: each tab reads by itself
    return
  }
  const channel = new BroadcastChannel(name)
  let leading = false
  let state: LiveState = 'connecting'
  channel.onmessage = ({ data }: MessageEvent<Shared>) => {
    if (data.kind === 'ask') {
      if (leading) channel.postMessage({ kind: 'state', state } satisfies Shared)
    } else if (data.kind === 'hurry') {
      if (leading) hurry()
    } else if (data.kind === 'state') listener.state(data.state)
    else listener.message(data.message)
  }
  channel.postMessage({ kind: 'ask' } satisfies Shared)
  signal.addEventListener('abort', () => channel.close())
  const pass = () => channel.postMessage({ kind: 'hurry' } satisfies Shared)
  window.addEventListener(hurryEvent, pass, { signal })

  const lead = async () => {
    leading = true
    const tell = (shared: Shared) => {
      if (!signal.aborted) channel.postMessage(shared)
    }
    await follow(
      topics,
      {
        message: (message) => {
          listener.message(message)
          tell({ kind: 'message', message })
        },
        state: (next) => {
          state = next
          listener.state(next)
          tell({ kind: 'state', state: next })
        },
      },
      signal,
    )
  }
  navigator.locks.request(name, { signal }, lead).catch(() => {
    // The page is being left.
  })
}
