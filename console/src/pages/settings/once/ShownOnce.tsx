import { Alert, Button, Group, Stack } from '@mantine/core'
import { IconEyeExclamation } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Snippet } from './Snippet'

/** ShownOnce shows what the hub says this one time: a key, a link, a secret. children are what to do with it. */
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
