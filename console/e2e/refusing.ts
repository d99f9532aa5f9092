import { call, type Hub } from './hub'
import { type Receiver, startReceiver } from './receiver'

/** refusing starts a receiver that answers with a status and a body until it is told otherwise. */
export async function refusing(status: number, body: string): Promise<Receiver> {
  const receiver = await startReceiver()
  receiver.answer(status, body)
  return receiver
}

/** hook makes a webhook to the receiver that wants events of one type, and gives its id. */
export async function hook(hub: Hub, name: string, receiver: Receiver, type: string): Promise<string> {
  const made = await call<{ id: string }>(hub, 'POST', '/api/v1/integrations', {
    kind: 'webhook',
    name,
    settings: { url: receiver.url },
    subscription: { types: [type] },
  })
  return made.id
}

/** send sends an event and gives its id. */
export async function send(hub: Hub, type: string, title: string): Promise<string> {
  const body = { type, severity: 'high', title }
  const { ids } = await call<{ ids: string[] }>(hub, 'POST', '/api/v1/events', body)
  return ids[0] ?? ''
}
