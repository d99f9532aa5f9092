import { useLocalStorage } from '@mantine/hooks'
import type { Schemas } from '@/api/client'

/** useFirstRun is what somebody has decided of the first steps: to see them, to hide them, or nothing yet. */
export function useFirstRun() {
  const [choice, choose] = useLocalStorage<'shown' | 'hidden' | 'undecided'>({
    key: 'tocsin.first-steps',
    defaultValue: 'undecided',
    getInitialValueInEffect: false,
  })
  return { choice, hide: () => choose('hidden'), show: () => choose('shown') }
}

/** onlyDemo says whether there is no destination yet but those that try things out: captures, and the demo's own. */
export const onlyDemo = (
  integrations: readonly Pick<Schemas['IntegrationStats'], 'name' | 'kind'>[],
): boolean => integrations.every(({ name, kind }) => kind === 'capture' || name.startsWith('demo '))

/** firstSteps says whether the first steps are shown. */
export function firstSteps(
  choice: 'shown' | 'hidden' | 'undecided',
  integrations: readonly Pick<Schemas['IntegrationStats'], 'name' | 'kind'>[] | undefined,
): boolean {
  if (choice !== 'undecided') return choice === 'shown'
  return integrations !== undefined && onlyDemo(integrations)
}
