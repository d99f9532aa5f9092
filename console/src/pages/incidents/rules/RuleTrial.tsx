import { Button, Group, Stack, Text } from '@mantine/core'
import { IconTestPipe } from '@tabler/icons-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { Severity } from '@/text/Severity'
import classes from '../incidents.module.css'
import type { RuleInput } from './rule'

/** triedAlerts is on how many of the newest alerts a rule is tried. */
const triedAlerts = 1_000
/** shownGroups is how many of the incidents that a rule would have created are shown. */
const shownGroups = 8

interface Props {
  input: RuleInput
  refused: (thrown: unknown) => void
  clear: () => void
}

/** RuleTrial says what a rule would have created of the newest alerts. Nothing is done. */
export function RuleTrial({ input, refused, clear }: Props) {
  const [busy, setBusy] = useState(false)
  const [trial, setTrial] = useState<{ of: string; result: Schemas['RuleTrial'] }>()
  const now = JSON.stringify(input)
  const run = async () => {
    setBusy(true)
    clear()
    try {
      const rule = { ...input, name: input.name || 'trial' }
      const { data } = await api.POST('/api/v1/incident-rules/try', { body: { rule, last: triedAlerts } })
      setTrial(data && { of: now, result: data })
    } catch (thrown) {
      setTrial(undefined)
      refused(thrown)
    } finally {
      setBusy(false)
    }
  }
  // A result of another rule than the one in the form would mislead.
  const result = trial?.of === now ? trial.result : undefined
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <Button
          variant="light"
          size="xs"
          loading={busy}
          leftSection={<IconTestPipe size={14} aria-hidden />}
          onClick={() => void run()}
        >
          Try it on the newest {full(triedAlerts)} alerts
        </Button>
        {result && (
          <Text size="sm" role="status">
            It looks at {full(result.matched)} of {full(result.looked)} alerts, and would have created{' '}
            <b>{count(result.incidents, 'incident')}</b> of {full(result.grouped)}
            {result.failed > 0 && `; the expression fails for ${full(result.failed)}`}.
          </Text>
        )}
      </Group>
      {result?.items.slice(0, shownGroups).map((group) => (
        <div key={`${group.key} ${group.from}`} className={classes.line}>
          <Severity value={group.severity} compact />
          <div className={classes.grow}>
            <EventText>{group.title}</EventText>
          </div>
          <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
            {count(group.alerts, 'alert')}, <When time={group.from} inherit />
          </Text>
        </div>
      ))}
    </Stack>
  )
}
