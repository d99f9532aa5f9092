import { Button, Group, Popover, Stack } from '@mantine/core'
import { DateTimePicker } from '@mantine/dates'
import { useDisclosure } from '@mantine/hooks'
import { IconCalendarClock, IconChevronDown } from '@tabler/icons-react'
import dayjs from 'dayjs'
import { hubNow } from '@/clock/hub'
import { type Range, rangeInWords, sinceHours, spans } from './range'

/** TimeRange chooses a span of time: one of the usual ones, or any. */
export function TimeRange({
  value,
  onChange,
  moving,
  noEnd,
}: {
  value: Range
  onChange: (range: Range) => void
  /** moving takes a usual span as one that moves on with the clock, not from the moment when it was chosen. */
  moving?: boolean
  /** noEnd leaves out "Until", for lists that can only begin at a time. */
  noEnd?: boolean
}) {
  const [opened, { toggle, close }] = useDisclosure(false)
  const take = (range: Range) => {
    onChange(range)
    close()
  }
  return (
    <Popover
      opened={opened}
      onChange={(open) => !open && close()}
      position="bottom-start"
      trapFocus
      returnFocus
      shadow="md"
    >
      <Popover.Target>
        <Button
          variant="default"
          justify="space-between"
          fullWidth
          fw={400}
          px="sm"
          // It stands among fields, and is one.
          bg="var(--tocsin-field)"
          bd="1px solid var(--tocsin-field-line)"
          styles={{ label: { flex: 1, textAlign: 'start' } }}
          leftSection={<IconCalendarClock size={16} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          onClick={toggle}
          aria-label={`Time: ${rangeInWords(value)}`}
        >
          {rangeInWords(value)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time">
        <Stack gap="sm" w={280}>
          <Group gap={6}>
            <Button size="compact-sm" variant="light" onClick={() => take({})}>
              Any time
            </Button>
            {spans.map((span) => (
              <Button
                key={span.last}
                size="compact-sm"
                variant={span.last === value.last ? 'filled' : 'light'}
                onClick={() => take(moving ? { last: span.last } : sinceHours(span.hours, hubNow()))}
              >
                {span.label}
              </Button>
            ))}
          </Group>
          <End
            label="Since"
            value={value.since}
            most={value.until}
            onChange={(since) => onChange({ since, until: value.until })}
          />
          {!noEnd && (
            <End
              label="Until"
              value={value.until}
              least={value.since}
              onChange={(until) => onChange({ since: value.since, until })}
            />
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}

const local = (time: string | undefined): string | null =>
  time ? dayjs(time).format('YYYY-MM-DD HH:mm:ss') : null

function End({
  label,
  value,
  least,
  most,
  onChange,
}: {
  label: string
  value: string | undefined
  least?: string
  most?: string
  onChange: (time: string | undefined) => void
}) {
  return (
    <DateTimePicker
      label={label}
      placeholder="Any"
      valueFormat="D MMM YYYY, HH:mm"
      clearable
      value={local(value)}
      minDate={least ? dayjs(least).toDate() : undefined}
      maxDate={most ? dayjs(most).toDate() : undefined}
      // Inside the popover, so that choosing a day does not close it.
      popoverProps={{ withinPortal: false }}
      onChange={(time) => onChange(time ? dayjs(time).toISOString() : undefined)}
    />
  )
}
