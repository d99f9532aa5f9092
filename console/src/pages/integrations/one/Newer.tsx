import { Alert, Button, Group, Text } from '@mantine/core'
import { IconUsers } from '@tabler/icons-react'

/** Newer says that somebody else was faster; keep puts what is written here on top of theirs, show discards it. */
export function Newer({ show, keep }: { show: () => void; keep: () => void }) {
  return (
    <Alert
      role="alert"
      color="yellow"
      variant="light"
      icon={<IconUsers aria-hidden />}
      title="Somebody else was faster"
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm" flex="1 1 300px">
          This integration was changed since you opened it, so that your change was not saved. Keep yours on
          top of the newer state and save once more, or show the newer state without it.
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={show}>
            Show the newer state
          </Button>
          <Button size="xs" onClick={keep}>
            Keep mine on top
          </Button>
        </Group>
      </Group>
    </Alert>
  )
}
