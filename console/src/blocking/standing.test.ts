import { expect, it } from 'vitest'
import type { Schemas } from '@/api/client'
import { standing } from './standing'

const block = (state: string, places: string[], ended = false) =>
  ({
    state,
    placements: places.map((each) => ({ state: each })),
    ...(ended ? { ended_at: '2026-01-01T00:00:00Z' } : {}),
  }) as Schemas['Block']

it.each([
  [block('active', ['requested']), 'going'],
  [block('active', ['applied', 'verified']), 'going'],
  [block('active', []), 'going'],
  [block('active', ['verified', 'covered']), 'proven'],
  [block('active', ['verified', 'failed']), 'trouble'],
  [block('pending_approval', []), 'pending'],
  [block('removed', ['removing'], true), 'leaving'],
  [block('removed', ['removed', 'expired'], true), 'gone'],
])('%j stands', (given, wanted) => expect(standing(given)).toBe(wanted))
