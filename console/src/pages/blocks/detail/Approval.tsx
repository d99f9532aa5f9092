import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconCheck, IconUsers, IconX } from '@tabler/icons-react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { splitCause } from '@/delivery/words'
import { useCan, useMe } from '@/session/me'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { approve, reject } from '../decide/decide'
import { whoName } from '../list/columns'
import { lasting } from '../Until'
import type { Block } from '../words'
import { useBlockChanged } from './useBlock'

/** Approval says why a block waits for a second person, and lets that person decide. */
export function Approval({ block }: { block: Block }) {
  const me = useMe()
  const mayDecide = useCan('blocks:approve')
  const changed = useBlockChanged()
  const mine = block.requester.id === me.id
  const ask = (yes: boolean) =>
    confirm({
      title: yes ? `Approve the block of ${block.target}?` : `Reject the block of ${block.target}?`,
      text: yes
        ? `It becomes active ${lasting(block)}, and its responders apply it. The guard looks at it once more.`
        : 'The request ends, and nothing is blocked.',
      verb: yes ? 'Approve' : 'Reject',
      danger: !yes,
      reason: yes ? 'Note (for the record)' : 'Why',
      optionalReason: yes,
      act: async (note) => {
        await (yes ? approve(block, note) : reject(block, note))
        await changed()
        done(
          yes
            ? `The block of ${block.target} is active.`
            : `The request to block ${block.target} is rejected.`,
        )
      },
    })
  return (
    <Alert
      color="yellow"
      variant="light"
      icon={<IconUsers aria-hidden />}
      title="This waits for a second person"
      styles={{ title: { color: 'var(--mantine-color-text)' } }}
    >
      <Stack gap="sm">
        <Text size="sm">
          {block.cause && (
            <>
              <EventText>{splitCause(block.cause).what}</EventText>.{' '}
            </>
          )}
          {mine ? (
            <>
              You requested it, so somebody else who may approve blocks has to (four eyes). A key counts as
              whoever created it.
            </>
          ) : (
            <>
              <EventText>{whoName(block.requester)}</EventText> requested it. Anybody else who may approve
              blocks can decide (four eyes).
            </>
          )}{' '}
          Without an answer it lapses <Ago time={block.approve_by} inherit />. Until then nothing is blocked.
        </Text>
        <Group gap="xs">
          <Button
            size="xs"
            leftSection={<IconCheck size={14} aria-hidden />}
            onClick={() => ask(true)}
            disabled={!mayDecide || mine}
            title={
              mine
                ? 'You requested it yourself: a second person has to approve it.'
                : mayDecide
                  ? undefined
                  : 'This needs the right to approve blocks.'
            }
          >
            Approve
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => ask(false)}
            disabled={!mayDecide}
            title={mayDecide ? undefined : 'This needs the right to approve blocks.'}
          >
            {mine ? 'Withdraw' : 'Reject'}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
