import { Tooltip } from '@mantine/core'
import { State } from '@/text/State'
import { modes, type Rule } from './useRules'

/** ModeMark says what a rule does with what it finds, or that it is off. */
export function ModeMark({ rule }: { rule: Pick<Rule, 'enabled' | 'mode'> }) {
  const { label, tone, help } = rule.enabled
    ? modes[rule.mode]
    : {
        label: `off (${modes[rule.mode].label})`,
        tone: 'calm' as const,
        help: 'It is disabled, and looks at nothing.',
      }
  return (
    <Tooltip label={help}>
      <span style={{ display: 'inline-flex', verticalAlign: 'middle' }}>
        <State value={rule.mode} label={label} tone={tone} />
      </span>
    </Tooltip>
  )
}
