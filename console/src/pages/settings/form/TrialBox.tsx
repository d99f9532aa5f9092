import { Box, Button, Group, Stack, Text } from '@mantine/core'
import { IconPlayerPlay } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { asProblem, fieldMessages } from '@/api/problem'
import classes from './TrialBox.module.css'

/** useTrial asks what something would do, and keeps the answer until the next one. refused hears what is wrong with fields. */
export function useTrial<T>(
  ask: () => Promise<T | undefined>,
  refused: (fields: Record<string, string>) => void,
) {
  const [trial, setTrial] = useState<T>()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const run = async () => {
    setBusy(true)
    setError('')
    try {
      setTrial(await ask())
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
  return { trial, busy, error, run }
}

/** TrialBox has a button that tries something, what is said of it, and the events that it is about. */
export function TrialBox({
  by: { busy, error, run },
  said,
  label,
  disabled,
  children,
}: {
  by: Pick<ReturnType<typeof useTrial>, 'busy' | 'error' | 'run'>
  said: ReactNode
  /** label names the events. */
  label: string
  disabled?: boolean
  /** children are the events; none are no list. */
  children: ReactNode
}) {
  return (
    <Box className={classes.trial} role="region" aria-label="Trial">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          {said}
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
      {children && (
        <Stack gap={0} mt="sm" className={classes.items} tabIndex={0} role="group" aria-label={label}>
          {children}
        </Stack>
      )}
    </Box>
  )
}
