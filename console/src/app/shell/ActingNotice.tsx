import { Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import { actIn, lostAccount, toldLost } from '@/session/account'
import { useMe } from '@/session/me'

/** ActingNotice says that the console acts in an account below the own one, and leads back. */
export function ActingNotice() {
  const me = useMe()
  const [lost, setLost] = useState(lostAccount)
  if (lost && me.account === me.home) {
    const close = () => {
      toldLost()
      setLost('')
    }
    return (
      <Group px="md" py={6} bg="var(--mantine-color-yellow-light)" justify="space-between" role="status">
        <Text size="sm">
          You can no longer act in the account <b>{lost}</b>: it was closed, or you may not any more. You are
          back in {me.home}.
        </Text>
        <Button size="compact-sm" variant="default" onClick={close}>
          Close
        </Button>
      </Group>
    )
  }
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
