import type { Schemas } from '@/api/client'

type WithCapabilities = Pick<Schemas['Connector'], 'capabilities'>

const has = (connector: WithCapabilities | undefined, name: string): boolean =>
  connector?.capabilities.includes(name) ?? false

/** delivers says whether integrations of a connector receive events: those that do have a subscription and deliveries. */
export const delivers = (connector: WithCapabilities | undefined): boolean =>
  has(connector, 'send') || has(connector, 'batch')

/** blocks says whether they keep addresses out. */
export const blocks = (connector: WithCapabilities | undefined): boolean => has(connector, 'block')

/** isCalled says whether the vendor calls the hub, or its side is looked at. */
export const isCalled = (connector: WithCapabilities | undefined): boolean =>
  has(connector, 'callback') || has(connector, 'reconcile')

export const reconciles = (connector: WithCapabilities | undefined): boolean => has(connector, 'reconcile')
export const digests = (connector: WithCapabilities | undefined): boolean => has(connector, 'digest')

/** Capability is what a connector can do, in words. */
export interface Capability {
  label: string
  meaning: string
}

const words: Record<string, Capability> = {
  send: { label: 'Single events', meaning: 'Sends one event a request.' },
  batch: { label: 'Batches', meaning: 'Sends many events a request.' },
  test: { label: 'Test', meaning: 'Proves its credentials without alerting anybody.' },
  callback: { label: 'Answers', meaning: 'The vendor calls back: buttons, webhooks.' },
  reconcile: { label: 'Both ways', meaning: 'What is changed on the vendor’s side is brought over.' },
  digest: { label: 'Digests', meaning: 'Can sum up the day or the week.' },
  block: { label: 'Blocks', meaning: 'Keeps addresses out.' },
}

/** capability explains what a connector can do. A word that is new is shown as it is. */
export const capability = (name: string): Capability =>
  words[name] ?? { label: name.replaceAll('_', ' '), meaning: name.replaceAll('_', ' ') }

/** grades say how sure a successful delivery is. */
export const grades: Record<string, Capability> = {
  confirmed: { label: 'Confirmed', meaning: 'A success means that it arrived.' },
  accepted: {
    label: 'Accepted',
    meaning: 'A success means that the vendor took it; what becomes of it there is not known.',
  },
  unverifiable: { label: 'Unverifiable', meaning: 'Nothing can be proven of a success.' },
}
