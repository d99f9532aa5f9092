import { Button, Group, Text } from '@mantine/core'
import { actIn } from '@/session/account'
import { useMe } from '@/session/me'

/** ActingNotice says that the console acts in an account below the own one, and leads back. */
export function ActingNotice() {
  const me = useMe()
  if (me.account === me.home) return null
  return (
    <Group px="md" py={6} bg="var(--tocsin-chosen)" justify="space-between" role="status">
      <Text size="sm">
        You act in the account <b>{me.account}</b>. Everything you see and do is in it.
      </Text>
      <Button size="compact-sm" variant="default" onClick={() => actIn('')}>
        Back to {me.home}
      </Button>
    </Group>
  )
}
