import { Button, Group, Stack, Text, ThemeIcon } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconShieldCheck, IconShieldOff } from '@tabler/icons-react'
import { useMe } from '@/session/me'
import { DisableFactor } from './DisableFactor'
import { SetUpFactor } from './SetUpFactor'

/** SecondFactor says whether signing in asks for a code, and changes that. */
export function SecondFactor({ changed }: { changed: () => void }) {
  const { user } = useMe()
  const [setUp, { open: openSetUp, close: closeSetUp }] = useDisclosure()
  const [disable, { open: openDisable, close: closeDisable }] = useDisclosure()
  const on = user?.second_factor ?? false
  return (
    <Stack gap="sm">
      <Group wrap="nowrap" align="flex-start">
        <ThemeIcon variant="light" color={on ? 'green' : 'yellow'} size={38} radius="md" aria-hidden>
          {on ? <IconShieldCheck size={22} /> : <IconShieldOff size={22} />}
        </ThemeIcon>
        <div>
          <Text size="sm" fw={600}>
            {on ? 'On: signing in asks for a code' : 'Off: the password alone signs you in'}
          </Text>
          <Text size="sm" c="dimmed">
            {on
              ? 'Six digits of your authenticator, or one of your recovery codes.'
              : 'An authenticator app on your phone makes a code every half minute (TOTP). Whoever has only your password does not get in.'}
          </Text>
        </div>
      </Group>
      <Group justify="flex-end">
        {on ? (
          <Button variant="default" onClick={openDisable}>
            Turn off
          </Button>
        ) : (
          <Button variant="light" onClick={openSetUp}>
            Set up
          </Button>
        )}
      </Group>
      <SetUpFactor opened={setUp} close={closeSetUp} changed={changed} />
      <DisableFactor opened={disable} close={closeDisable} changed={changed} />
    </Stack>
  )
}
