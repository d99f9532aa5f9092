import { Text } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import { State } from '@/text/State'
import { outcomeTone } from './act'

/** Outcome is how an act ended. That it went well is said quietly, so that what did not is seen. */
export function Outcome({ value }: { value: string }) {
  if (value !== 'ok') return <State value={value} tone={outcomeTone(value)} />
  return (
    <Text span inherit c="dimmed">
      <IconCheck size={14} aria-hidden style={{ verticalAlign: '-2px', marginInlineEnd: 4 }} />
      ok
    </Text>
  )
}
