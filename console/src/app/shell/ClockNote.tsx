import { Group, Text, Tooltip } from '@mantine/core'
import { IconClockExclamation } from '@tabler/icons-react'
import { useWrongClock } from '@/clock/hub'

/** ClockNote says that the clock of this computer is wrong by the hub's; without a difference worth a word it is not there. */
export function ClockNote() {
  const ahead = useWrongClock()
  if (ahead === 0) return null
  const way = ahead > 0 ? 'behind' : 'ahead of'
  const words = `The clock of this computer is ${apart(Math.abs(ahead))} ${way} the hub’s. Times here go by the hub’s clock.`
  return (
    <Tooltip label={words} multiline maw={280}>
      <Group gap={4} wrap="nowrap" role="status" aria-label={words} style={{ color: 'var(--tocsin-warn)' }}>
        <IconClockExclamation size={16} aria-hidden />
        <Text size="xs" visibleFrom="lg">
          Clock off
        </Text>
      </Group>
    </Tooltip>
  )
}

const unit = (n: number, name: 'minute' | 'hour' | 'day'): string =>
  new Intl.NumberFormat('en', { style: 'unit', unit: name, unitDisplay: 'long' }).format(Math.round(n))

/** apart says a difference of clocks in one unit. */
function apart(ms: number): string {
  const minutes = ms / 60_000
  if (minutes < 90) return unit(minutes, 'minute')
  return minutes < 48 * 60 ? unit(minutes / 60, 'hour') : unit(minutes / (24 * 60), 'day')
}
