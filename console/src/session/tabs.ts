/** Turn is what the tabs of a browser tell each other, as they share one session: somebody signed in, or out. */
export type Turn = 'in' | 'out'

let opened: BroadcastChannel | undefined

// A message is not given back to the channel that it was sent by: this tab has one for both.
function channel(): BroadcastChannel {
  opened ??= new BroadcastChannel('tocsin.session')
  return opened
}

/** tellTabs tells the other tabs. */
export const tellTabs = (turn: Turn): void => channel().postMessage(turn)

/** hearTabs calls the handler with what other tabs tell; there is one handler. */
export function hearTabs(handler: (turn: Turn) => void): void {
  channel().onmessage = ({ data }: MessageEvent<Turn>) => handler(data)
}
