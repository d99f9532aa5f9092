import { Alert, Button, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { overtaken } from '@/act/notify'
import type { Problem } from '@/api/problem'
import { Foot } from '@/form/Foot'

/** FormFoot ends a form: what went wrong as a whole, and its buttons. reload reads the newer state when somebody else was faster. */
export function FormFoot({
  verb,
  busy,
  problem,
  cancel,
  reload,
  disabled,
  children,
}: {
  verb: string
  busy: boolean
  problem: Problem | undefined
  cancel?: () => void
  reload?: () => void
  disabled?: boolean
  children?: ReactNode
}) {
  return (
    <Foot>
      {problem && (
        <Alert color="red" variant="light" role="alert">
          <Text size="sm">{problem.status === 412 ? overtaken : problem.message}</Text>
          {problem.status === 412 && reload && (
            <Button size="xs" variant="light" color="red" mt="xs" onClick={reload}>
              Put mine on top of it
            </Button>
          )}
        </Alert>
      )}
      <Group justify="flex-end">
        {children}
        {cancel && (
          <Button variant="default" onClick={cancel}>
            Cancel
          </Button>
        )}
        <Button type="submit" loading={busy} disabled={disabled}>
          {verb}
        </Button>
      </Group>
    </Foot>
  )
}
