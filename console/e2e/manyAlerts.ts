import type { Page, Route } from '@playwright/test'
import type { components } from '../src/api/schema'

type Alert = components['schemas']['Alert']
type Facets = components['schemas']['AlertFacets']

/** begun is when the newest of the made alerts was seen, in milliseconds. */
const begun = Date.parse('2026-11-01T12:00:00Z')

const severities = ['critical', 'high', 'medium', 'low', 'info'] as const
const titles = [
  'Impossible travel: two sign-ins 8,000 km apart',
  'Credential stuffing against the login of the shop',
  'Unusual volume of data to a storage bucket abroad',
  'Web shell upload refused by the firewall',
]
const one = <T>(all: readonly T[], n: number): T => all[n % all.length] as T

/** alertAt is the alert at a place of the list, the same each time; lists show all of what it has. */
function alertAt(n: number): Alert {
  const at = new Date(begun - n * 1_000).toISOString()
  return {
    id: `alr_${n.toString().padStart(26, '0')}`,
    title: `${one(titles, n)} (${n})`,
    dedup_key: `made/${n}`,
    severity: one(severities, n * 7),
    status: n % 3 === 0 ? 'acknowledged' : 'open',
    status_at: at,
    first_seen: at,
    last_seen: at,
    count: 1 + (n % 40),
    version: 1,
    risk_score: (n * 13) % 100,
    alert_type: 'auth.credential_stuffing',
    project: one(['payments-api', 'shop-web', 'corp-it'], n),
    source: 'bench',
    country: one(['DE', 'FR', 'US', 'BR'], n),
    assignee: n % 4 === 0 ? 'dana@example.com' : undefined,
    incident: n % 9 === 0 ? `INC-${n}` : undefined,
    mitre: ['T1110.004', 'T1078'],
    entities: [
      {
        type: 'ip',
        value: `203.0.${Math.floor(n / 256) % 256}.${n % 256}`,
        role: 'source',
        observed: n % 2 === 0,
      },
      { type: 'user', value: `user-${n % 500}@example.com`, role: 'target' },
    ],
  }
}

const none: Facets = {
  alert_type: [],
  approximate: false,
  assignee: [],
  country: [],
  mitre: [],
  mitre_approximate: false,
  project: [],
  severity: severities.map((value) => ({ value, count: 1 })),
  source: [],
  status: [],
  total: 0,
}

/** Asked is what the page asked of the made list. */
export interface Asked {
  /** pages is how many pages of the list were read, and read again. */
  pages: number
}

/**
 * manyAlerts answers the list of alerts in the hub's place, page by page by cursor as it does, with so many made ones.
 * perPage are more than it is asked for, to be at the end sooner.
 */
export async function manyAlerts(page: Page, total: number, perPage?: number): Promise<Asked> {
  const asked: Asked = { pages: 0 }
  await page.route(/\/api\/v1\/alerts\?/, async (route: Route) => {
    const query = new URL(route.request().url()).searchParams
    const from = Number(query.get('cursor') ?? 0)
    const to = Math.min(total, from + (perPage ?? Number(query.get('limit') ?? 50)))
    const items = Array.from({ length: to - from }, (_, i) => alertAt(from + i))
    const facets = query.has('facets') ? { ...none, total } : undefined
    if (!facets) asked.pages++
    await route.fulfill({ json: { items, next: to < total ? String(to) : undefined, facets } })
  })
  return asked
}
