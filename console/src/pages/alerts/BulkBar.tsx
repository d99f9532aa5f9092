import { Button, CloseButton, Group, Progress, Text } from '@mantine/core'
import { IconCheck, IconCircleDot, IconFlame } from '@tabler/icons-react'
import { Assign } from '@/people/Assign'
import { useCan } from '@/session/me'
import { count, full } from '@/text/number'
import classes from './alerts.module.css'

/** Running is a change of many alerts that is on its way. */
export interface Running {
  doing: string
  done: number
  total: number
  stop: () => void
}

interface Props {
  chosen: number
  /** total is how many the filter lets through; all: all of them are chosen, not only what is loaded. */
  total: number | undefined
  all: boolean
  /** mayAll: all that is loaded is chosen, and there are others. */
  mayAll: boolean
  chooseAll: () => void
  clear: () => void
  acknowledge: () => void
  resolve: () => void
  assign: (assignee: string) => void
  incident: (() => void) | undefined
  known: readonly string[]
  running: Running | undefined
}

/** BulkBar is what can be done with the alerts that are chosen. */
export function BulkBar(p: Props) {
  const mayChange = useCan('alerts:write')
  if (p.running) return <OnTheWay running={p.running} />
  const many = p.all ? (p.total ?? 0) : p.chosen
  return (
    <Group gap={8} role="toolbar" aria-label="Selected alerts">
      <Text size="sm" fw={600} aria-live="polite">
        {p.all ? `All ${count(many, 'alert')} that match` : `${count(many, 'alert')} selected`}
      </Text>
      {p.mayAll && !p.all && p.total !== undefined && (
        <Button variant="subtle" size="compact-sm" onClick={p.chooseAll}>
          Select all {full(p.total)} that match
        </Button>
      )}
      {mayChange ? (
        <Group className={classes.acts}>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconCircleDot size={14} aria-hidden />}
            onClick={p.acknowledge}
          >
            Acknowledge
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconCheck size={14} aria-hidden />}
            onClick={p.resolve}
          >
            Resolve
          </Button>
          <Assign known={p.known} assign={p.assign} />
          {p.incident && (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconFlame size={14} aria-hidden />}
              onClick={p.incident}
            >
              Incident
            </Button>
          )}
        </Group>
      ) : (
        <Text size="xs" c="dimmed" ml="auto">
          Your role may look at alerts, not change them.
        </Text>
      )}
      <CloseButton className={classes.bare} size="sm" aria-label="Clear selection" onClick={p.clear} />
    </Group>
  )
}

function OnTheWay({ running: { doing, done, total, stop } }: { running: Running }) {
  return (
    <Group gap="sm" role="status">
      <Text size="sm" fw={600} className="numbers">
        {doing}: {full(done)} of {full(total)}
      </Text>
      <Progress flex={1} miw={80} value={total > 0 ? (done / total) * 100 : 0} aria-label={doing} />
      <Button size="compact-sm" variant="default" onClick={stop}>
        Stop
      </Button>
    </Group>
  )
}
