import { Button, Group, Text } from '@mantine/core'
import { randomId } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { IconCheck, IconX } from '@tabler/icons-react'
import { asProblem, isSessionEnd } from '@/api/problem'

// How long a notice stays, in milliseconds. One that offers to undo, or tells of a failure, wants more time.
const shortly = 5_000
const longer = 12_000

/** done tells that something was done, and offers to undo it where that is possible. */
export function done(message: string, undo?: () => Promise<unknown>): void {
  const id = randomId('notice-')
  const takeBack = async () => {
    notifications.hide(id)
    try {
      await undo?.()
      done('Undone.')
    } catch (thrown) {
      failed('Undoing it', thrown)
    }
  }
  notifications.show({
    id,
    color: 'bell',
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: undo ? longer : shortly,
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm">{message}</Text>
        {undo && (
          <Button size="compact-sm" variant="light" onClick={() => void takeBack()}>
            Undo
          </Button>
        )}
      </Group>
    ),
  })
}

/** overtaken says that somebody else was faster. */
export const overtaken = 'Somebody else changed this in the meantime. Nothing was saved.'

/** failed tells that something was not done, and why; what is the act, such as "Retrying the delivery". */
export function failed(what: string, thrown: unknown): void {
  const problem = asProblem(thrown)
  if (isSessionEnd(problem.status, problem.code)) return // the dialog above the page says it, and asks
  notifications.show({
    color: 'red',
    icon: <IconX size={16} aria-hidden />,
    autoClose: longer,
    title: `${what} did not work`,
    message: problem.status === 412 ? overtaken : problem.message,
    role: 'alert',
  })
}
