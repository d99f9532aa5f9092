import type { Schemas } from '@/api/client'

type ScopeInfo = Schemas['ScopeInfo']

/** ScopeGroup is the scopes about one thing: alerts:read and alerts:write are of "alerts". */
export interface ScopeGroup {
  name: string
  scopes: ScopeInfo[]
}

/** byThing groups scopes by what stands before their colon, in the order in which they come. */
export function byThing(scopes: readonly ScopeInfo[]): ScopeGroup[] {
  const groups: ScopeGroup[] = []
  for (const scope of scopes) {
    const name = scope.scope.split(':')[0] ?? scope.scope
    const group = groups.find((each) => each.name === name)
    if (group) group.scopes.push(scope)
    else groups.push({ name, scopes: [scope] })
  }
  return groups
}

/** Preset is a choice of scopes that is often wanted. */
export interface Preset {
  label: string
  about: string
  pick: (scope: string) => boolean
}

/** presets are the choices that are offered. */
export const presets: Preset[] = [
  {
    label: 'Send events',
    about: 'For a tool that reports to the hub',
    pick: (scope) => scope === 'events:write',
  },
  {
    label: 'Read everything',
    about: 'For a dashboard or a report',
    pick: (scope) => scope.endsWith(':read') && scope !== 'audit:read',
  },
  {
    label: 'Work on alerts',
    about: 'For a playbook',
    pick: (scope) => /^(alerts|incidents):/.test(scope) || scope === 'events:read',
  },
  {
    label: 'Block addresses',
    about: 'For automatic response',
    pick: (scope) => scope === 'blocks:read' || scope === 'blocks:write',
  },
]

/** standing is where a key stands now: in use, about to end, over or taken back. */
export function standing(
  key: Pick<Schemas['Key'], 'expires_at' | 'revoked_at'>,
  now: number,
): 'active' | 'ending' | 'expired' | 'revoked' {
  if (key.revoked_at) return 'revoked'
  if (!key.expires_at) return 'active'
  const left = Date.parse(key.expires_at) - now
  if (left <= 0) return 'expired'
  return left < soon ? 'ending' : 'active'
}

/** soon is how long before its end a key is marked, in milliseconds: two weeks. */
const soon = 14 * 86_400_000
