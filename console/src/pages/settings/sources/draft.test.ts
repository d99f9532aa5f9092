import { expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { authOf, draftOf, labelsOf, patchOf } from './draft'

const source = {
  id: 'src_1',
  name: 'Shop',
  dialect: 'native',
  project: 'shop',
  types: ['auth.*'],
  labels: { team: 'blue', old: 'x' },
  enabled: true,
  auth: { method: 'hmac', secret: '********', header: 'X-S', prefix: 'v1=', algorithm: 'sha256' },
  url: 'https://hub.example/api/v1/ingest/src_1',
  counts: { accepted: 0, refused: 0, rejected: 0 },
  last_received_at: null,
  created_at: '',
  updated_at: '',
  version: 2,
  warnings: [],
} satisfies Schemas['SourceEndpoint']

it('sends of the proof only what its method uses', () => {
  const auth = { ...draftOf(undefined).auth, username: 'ana', header: 'X', secret: 's' }
  expect(authOf({ ...auth, method: 'basic' })).toEqual({ method: 'basic', username: 'ana', secret: 's' })
  expect(authOf({ ...auth, method: 'none' })).toEqual({ method: 'none' })
})

it('keeps a secret that is not typed, and takes away what was emptied', () => {
  const draft = draftOf(source)
  draft.auth.prefix = ''
  draft.labels = ['team=red']
  expect(patchOf(draft, source)).toEqual({
    name: 'Shop',
    dialect: 'native',
    project: 'shop',
    types: ['auth.*'],
    enabled: true,
    labels: { team: 'red', old: null },
    auth: { method: 'hmac', header: 'X-S', algorithm: 'sha256', prefix: null },
  })
})

it('makes a fresh secret for a new source alone', () => {
  expect(draftOf(undefined).auth.secret).toMatch(/^[0-9a-f]{64}$/)
  expect(draftOf(source).auth.secret).toBe('')
})

it('reads labels', () => expect(labelsOf(['a=b', 'c = d=e', 'f'])).toEqual({ a: 'b', c: 'd=e', f: '' }))
