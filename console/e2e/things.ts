import { call, type Hub } from './hub'

interface Listed {
  items: { id: string; status?: string; kind?: string }[]
}

/** things are ids of the newest alert, block, integration, delivery and event of a hub, for addresses with ":alert" and so on. */
export async function things(hub: Hub): Promise<Record<string, string>> {
  const newest = async (path: string) => {
    const [first] = (await call<Listed>(hub, 'GET', path)).items
    if (!first) throw new Error(`${path} is empty`)
    return first.id
  }
  return {
    ':alert': await newest('/api/v1/alerts?limit=1&status=open'),
    ':block': await newest('/api/v1/blocks?limit=1'),
    ':integration': await newest('/api/v1/integrations?limit=1'),
    ':delivery': await newest('/api/v1/deliveries?limit=1'),
    ':event': await newest('/api/v1/events?limit=1'),
  }
}

/** addressOf puts ids into an address. */
export const addressOf = (path: string, ids: Record<string, string>): string =>
  path.replace(/:[a-z]+/g, (name) => ids[name] ?? name)
