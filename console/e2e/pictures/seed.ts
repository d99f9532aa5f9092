import { call, type Hub } from '../hub'
import type { Receiver } from '../receiver'

interface Identified {
  id: string
}

/** seed gives the demo's workspace what pictures want: a failing receiver, an account below, people, keys, a pending block. */
export async function seed(hub: Hub, receiver: Receiver): Promise<void> {
  receiver.answer(400, 'unknown field "severity_id" at line 1')
  const add = (path: string, body: unknown) => call<Identified>(hub, 'POST', path, body)
  await add('/api/v1/integrations', {
    kind: 'webhook',
    name: 'Case management',
    owner: 'soc@example.com',
    settings: { url: `${receiver.url}/hook` },
    subscription: { types: ['alert.*', 'incident.*'], min_severity: 'high' },
  })
  await add('/api/v1/accounts', { name: 'acme-retail', title: 'Acme Retail' }).catch(ignore)
  await add('/api/v1/projects', { name: 'payments-api', title: 'Payments API' }).catch(ignore)
  await add('/api/v1/api-keys', { name: 'soar-prod', scopes: ['alerts:read', 'incidents:read'] }).catch(
    ignore,
  )
  await add('/api/v1/blocks', {
    target: '203.0.113.128/25',
    ttl: '4h',
    reason: 'A botnet by the feed of today',
  }).catch(ignore)
}

const ignore = () => undefined
