import { Box, Button, Group, List, Text, ThemeIcon } from '@mantine/core'
import { IconHandStop, IconShieldCheck } from '@tabler/icons-react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { useCan } from '@/session/me'
import { EventText } from '@/text/EventText'
import classes from './KillSwitch.module.css'
import { type Policy, usePolicyChanged } from './usePolicy'

/** KillSwitch shows whether anything may be blocked at all, and turns that off and on. */
export function KillSwitch({ policy }: { policy: Policy }) {
  const on = policy.killed ?? false
  const own = policy.kill_switch ?? false
  return (
    <Box component="section" aria-label="Kill switch" className={classes.box} data-on={on || undefined}>
      <Group wrap="nowrap" align="flex-start" gap="md" flex="1 1 320px">
        <ThemeIcon
          size={44}
          radius="xl"
          variant={on ? 'filled' : 'light'}
          color={on ? 'red.9' : 'bell'}
          aria-hidden
        >
          {on ? <IconHandStop size={24} /> : <IconShieldCheck size={24} />}
        </ThemeIcon>
        <div>
          <Text fw={650} fz="lg" role="status">
            {on ? 'The kill switch is on: nothing is blocked' : 'The kill switch is off: blocks are made'}
          </Text>
          <Text size="sm" c="dimmed">
            {on
              ? 'No block is made, approved or repaired anywhere in this account and those below. What is in force stays, and what ends is still taken away.'
              : 'Turn it on to stop all new blocks, approvals and repairs of this account and those below, at once.'}
          </Text>
          {on && policy.killed_reason && (
            <Text size="sm" mt={4}>
              Reason: <EventText inherit>{policy.killed_reason}</EventText>
            </Text>
          )}
          {on && !own && (
            <Text size="sm" mt={4}>
              It was turned on in an account above this one, and has to be turned off there.
            </Text>
          )}
        </div>
      </Group>
      <SwitchButton on={on} own={own} />
    </Box>
  )
}

function SwitchButton({ on, own }: { on: boolean; own: boolean }) {
  const mayBlock = useCan('blocks:write')
  const mayApprove = useCan('blocks:approve')
  const changed = usePolicyChanged()
  const turn = async (to: boolean, reason: string) => {
    await api.POST('/api/v1/response-policy/kill-switch', {
      body: { on: to, ...(reason ? { reason } : {}) },
    })
    await changed()
  }
  if (on) {
    const why = mayApprove
      ? own
        ? undefined
        : 'It was turned on in an account above.'
      : 'Turning it off needs the right to approve blocks.'
    return (
      <Button
        size="md"
        disabled={why !== undefined}
        title={why}
        onClick={() =>
          confirm({
            title: 'Turn the kill switch off?',
            text: 'Blocks are made again from now on, and what has disappeared at responders is put back. Requests that were refused meanwhile are not made up for.',
            verb: 'Turn it off',
            act: async () => {
              await turn(false, '')
              done('The kill switch is off. Blocks are made again.')
            },
          })
        }
      >
        Turn it off
      </Button>
    )
  }
  return (
    <Button
      size="md"
      color="red.9"
      leftSection={<IconHandStop size={18} aria-hidden />}
      disabled={!mayBlock}
      title={mayBlock ? undefined : 'This needs the right to ask for blocks.'}
      onClick={() =>
        confirm({
          title: 'Turn the kill switch on?',
          text: <WhatItStops />,
          verb: 'Stop all blocking',
          danger: true,
          reason: 'Why (everybody who is refused sees it)',
          act: async (reason) => {
            await turn(true, reason)
            done(
              'The kill switch is on. Nothing is blocked or repaired.',
              mayApprove ? () => turn(false, '') : undefined,
            )
          },
        })
      }
    >
      Turn it on
    </Button>
  )
}

function WhatItStops() {
  return (
    <>
      <Text size="sm" fw={600}>
        It stops, at once and for the accounts below, too:
      </Text>
      <List size="sm" mb="xs">
        <List.Item>new blocks, whoever asks: people, keys, rules, chats</List.Item>
        <List.Item>approvals of what waits</List.Item>
        <List.Item>repairs of what has disappeared at a responder</List.Item>
      </List>
      <Text size="sm" fw={600}>
        It does not:
      </Text>
      <List size="sm">
        <List.Item>take away what is blocked: use “Undo the newest blocks” for that</List.Item>
        <List.Item>hold up what ends: that is still taken away</List.Item>
      </List>
    </>
  )
}
