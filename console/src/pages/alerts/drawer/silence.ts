import type { Alert } from '../matches'

/**
 * silenceSearch is the search of the address at which a silence of an alert is made: of its rule, as others of the rule
 * follow, or else of its key; and only in its project, if it has one.
 */
export function silenceSearch({ rule, dedup_key, project }: Pick<Alert, 'rule' | 'dedup_key' | 'project'>) {
  const name = rule?.id || rule?.name
  return {
    open: 'new',
    ...(name ? { rule: name } : { dedup_key }),
    ...(project ? { project } : {}),
  }
}
