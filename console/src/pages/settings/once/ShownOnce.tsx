import { Alert, Button, Group, Stack } from '@mantine/core'
import { IconEyeExclamation } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useUnsaved } from '@/act/unsaved'
import { Snippet } from './Snippet'

const losing = {
  title: 'Leave without copying it?',
  text: 'It is shown this once. Whoever has not copied it needs a new one.',
  verb: 'Leave',
  no: 'Stay',
}

/**
 * ShownOnce shows what the hub says this one time: a key, a link, a secret. Until somebody says that it is copied, no way out
 * of the page loses it unasked. children are what to do with it.
 */
export function ShownOnce({
  label,
  value,
  text,
  close,
  children,
}: {
  /** label names it: "API key". */
  label: string
  value: string
  /** text says what it is for, and for whom. */
  text: ReactNode
  close: () => void
  children?: ReactNode
}) {
  useUnsaved(true, losing)
  return (
    <Stack>
      <Alert
        color="yellow"
        variant="light"
        icon={<IconEyeExclamation aria-hidden />}
        title="Copy it now: it is shown this once"
      >
        {text}
      </Alert>
      <Snippet label={label} text={value} />
      {children}
      <Group justify="flex-end">
        <Button onClick={close} data-autofocus>
          I have copied it
        </Button>
      </Group>
    </Stack>
  )
}
