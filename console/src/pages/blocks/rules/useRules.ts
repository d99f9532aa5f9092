import { useQueryClient } from '@tanstack/react-query'
import { $api, type Schemas } from '@/api/client'
import type { Tone } from '@/text/State'

/** Rule asks for blocks of what events show, by itself. */
export type Rule = Schemas['ResponseRule']
export type Mode = Rule['mode']

const path = '/api/v1/response-rules'

/** useRules reads the account's rules; there are at most 100. */
export const useRules = () => $api.useQuery('get', path, { params: { query: { limit: 200 } } })

/** useRule reads one rule. */
export const useRule = (id: string) => $api.useQuery('get', `${path}/{id}`, { params: { path: { id } } })

/** useReport reads what a rule would have done, and what it has done. */
export const useReport = (id: string) =>
  $api.useQuery('get', `${path}/{id}/report`, { params: { path: { id } } })

/** useRulesChanged reads everything about rules again. */
export function useRulesChanged(): () => Promise<void> {
  const queries = useQueryClient()
  return () =>
    queries.invalidateQueries({
      predicate: ({ queryKey: [method, key] }) =>
        method === 'get' && typeof key === 'string' && key.startsWith(path),
    })
}

/** modes are what a rule does with what it finds. */
export const modes: Record<Mode, { label: string; tone: Tone; help: string }> = {
  shadow: { label: 'shadow', tone: 'calm', help: 'It says what it would have done, and does nothing.' },
  propose: { label: 'live: proposes', tone: 'warn', help: 'Its blocks wait for a person to approve them.' },
  apply: { label: 'live: blocks', tone: 'good', help: 'Its blocks are made at once, if the guard allows.' },
}

/** Decision is what a rule decided about an address. */
export type Decision = Schemas['ResponseHit']['decision']

/** decisions are what a rule decided about an address, in words. */
export const decisions: Record<Decision, { label: string; tone: Tone }> = {
  would_block: { label: 'would have blocked', tone: 'busy' },
  would_ask: { label: 'would have asked', tone: 'busy' },
  would_refuse: { label: 'would have been refused', tone: 'calm' },
  blocked: { label: 'blocked', tone: 'good' },
  asked: { label: 'asked for approval', tone: 'warn' },
  refused: { label: 'refused', tone: 'bad' },
  repeated: { label: 'was blocked already', tone: 'calm' },
}
