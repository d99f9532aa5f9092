import type { Schemas } from '@/api/client'
import { State, type Tone } from '@/text/State'

/** Health says in a word how a source does. What is probably not meant is its title, and makes the word a warning. */
export function Health({ source }: { source: Schemas['SourceEndpoint'] }) {
  const [word, tone] = standing(source)
  const warnings = source.warnings.map((warning) => warning.message).join('; ')
  return (
    <span title={warnings || undefined}>
      <State value={word} tone={source.enabled && warnings && tone !== 'bad' ? 'warn' : tone} />
    </span>
  )
}

function standing({ enabled, last_received_at, counts }: Schemas['SourceEndpoint']): [string, Tone] {
  if (!enabled) return ['off', 'calm']
  if (last_received_at) return ['receiving', 'good']
  return counts.refused > 0 ? ['refused', 'bad'] : ['waiting', 'busy']
}
