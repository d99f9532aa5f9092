import type { Schemas } from '@/api/client'
import { type MethodField, methodOf, newSecret } from './methods'

/** Draft is a source as the form has it. */
export interface Draft extends Record<string, unknown> {
  name: string
  dialect: string
  project: string
  types: string[]
  labels: string[]
  enabled: boolean
  auth: { method: string; secret: string } & Record<MethodField, string>
}

const fields: MethodField[] = [
  'username',
  'header',
  'algorithm',
  'encoding',
  'prefix',
  'timestamp_header',
  'signed',
  'tolerance',
  'ca_bundle',
  'subject',
]

/** draftOf is what the form begins with: a source as it is, or an empty one with a fresh secret. */
export function draftOf(source: Schemas['SourceEndpoint'] | undefined): Draft {
  const auth = (source?.auth ?? {}) as Record<string, unknown>
  const texts = Object.fromEntries(
    fields.map((field) => [field, typeof auth[field] === 'string' ? auth[field] : '']),
  ) as Record<MethodField, string>
  const method = typeof auth.method === 'string' ? auth.method : 'bearer'
  return {
    name: source?.name ?? '',
    dialect: source?.dialect ?? '',
    project: source?.project ?? '',
    types: source?.types ?? [],
    labels: Object.entries(source?.labels ?? {}).map(([name, value]) => `${name}=${value}`),
    enabled: source?.enabled ?? true,
    auth: { ...texts, method, secret: source ? '' : newSecret(method) },
  }
}

/** labelsOf reads labels as they are typed: name=value. */
export const labelsOf = (typed: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    typed.map((label) => {
      const [name = '', ...value] = label.split('=')
      return [name.trim(), value.join('=').trim()]
    }),
  )

/** authOf is what of the form a method uses. A secret that is left empty is not sent: it keeps its value. */
export function authOf({ method, secret, ...rest }: Draft['auth']): Record<string, string> {
  const used = methodOf(method)
  const filled = (used?.fields ?? [])
    .map((field): [string, string] => [field, rest[field]])
    .filter(([, value]) => value !== '')
  return {
    method,
    ...Object.fromEntries(filled),
    ...(used?.secret && secret !== '' ? { secret } : {}),
  }
}

/** patchOf is a merge patch from a source to what the form has: what is not there any more is removed. */
export function patchOf(draft: Draft, old: Schemas['SourceEndpoint']): Schemas['SourcePatch'] {
  const auth = authOf(draft.auth)
  const before = old.auth as Record<string, unknown>
  const labels = labelsOf(draft.labels)
  // The API names the defaults of a method back; only what was typed empty is taken away.
  const emptied = (methodOf(draft.auth.method)?.fields ?? []).filter(
    (field) => before.method === draft.auth.method && before[field] !== undefined && !(field in auth),
  )
  return {
    name: draft.name,
    dialect: draft.dialect,
    project: draft.project,
    types: draft.types,
    enabled: draft.enabled,
    labels: {
      ...Object.fromEntries(
        Object.keys(old.labels)
          .filter((name) => !(name in labels))
          .map((name) => [name, null]),
      ),
      ...labels,
    },
    auth: { ...Object.fromEntries(emptied.map((field) => [field, null])), ...auth },
  } as Schemas['SourcePatch']
}
