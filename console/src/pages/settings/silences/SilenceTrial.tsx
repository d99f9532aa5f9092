import { Box, Button, Group, Stack, Text } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages } from '@/api/problem'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Severity } from '@/text/Severity'
import classes from './Silences.module.css'

/** SilenceTrial shows which of the newest events the silence is about. Nothing is done. */
export function SilenceTrial({
  draft,
  disabled,
  refused,
}: {
  draft: () => Schemas['SilenceInput']
  disabled: boolean
  refused: (fields: Record<string, string>) => void
}) {
  const [trial, setTrial] = useState<Schemas['SilenceTrial']>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const run = async () => {
    setBusy(true)
    setError('')
    try {
      const { data } = await api.POST('/api/v1/silences/try', { body: { silence: draft(), last: 500 } })
      setTrial(data)
      refused({})
    } catch (thrown) {
      const problem = asProblem(thrown)
      setTrial(undefined)
      setError(problem.message)
      refused(fieldMessages(problem))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Box className={classes.trial} role="region" aria-label="Trial">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {trial ? (
            <>
              It is about <b>{full(trial.matched)}</b> of the newest {full(trial.looked)} events.
            </>
          ) : (
            'See which of the newest events it would have silenced.'
          )}
        </Text>
        <Button
          size="xs"
          variant="light"
          loading={busy}
          disabled={disabled}
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={() => void run()}
          style={{ flexShrink: 0 }}
        >
          Try it
        </Button>
      </Group>
      {error && (
        <Text role="alert" size="sm" c="error" mt="xs">
          {error}
        </Text>
      )}
      {trial && trial.items.length > 0 && (
        <Stack
          gap={0}
          mt="sm"
          className={classes.items}
          tabIndex={0}
          role="group"
          aria-label="Events that it is about"
        >
          {trial.items.map((item) => (
            <Group key={item.event} gap="sm" wrap="nowrap" className={classes.item}>
              <Severity value={item.severity} compact />
              <Text size="sm" truncate flex={1}>
                <EventText inherit>{item.title || item.type}</EventText>
              </Text>
              <Text size="xs" c="dimmed" className="mono">
                <EventText inherit>{item.type}</EventText>
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Box>
  )
}
