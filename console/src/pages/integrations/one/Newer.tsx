import { Alert, Button, Group, Text } from '@mantine/core'
import { IconUsers } from '@tabler/icons-react'

/** Newer says that somebody else was faster, and offers to show what they made of it. */
export function Newer({ show }: { show: () => void }) {
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
          This integration was changed since you opened it, so that your change was not saved. Look at the
          newer state; what you wrote here is lost then.
        </Text>
        <Button size="xs" variant="default" onClick={show}>
          Show the newer state
        </Button>
      </Group>
    </Alert>
  )
}
