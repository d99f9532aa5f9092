import { Alert, Button, Code, Group, List, Loader, Modal, Stack, Text } from '@mantine/core'
import { IconAlertOctagon, IconHourglass, IconShieldCheck } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { api, type Schemas } from '@/api/client'
import { Failure } from '@/state/Failure'
import { When } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import classes from './VerifyDialog.module.css'

type Verification = Schemas['AuditVerification']

/** VerifyDialog goes along the chain of the record, says what was found, and gives a checkpoint to keep elsewhere. */
export function VerifyDialog({ opened, close }: { opened: boolean; close: () => void }) {
  const verify = useMutation({
    mutationFn: async () => (await api.POST('/api/v1/audit/verify')).data,
  })
  const { mutate } = verify
  useEffect(() => {
    if (opened) mutate()
  }, [opened, mutate])
  return (
    <Modal opened={opened} onClose={close} title="Verify the chain" size="lg">
      <Stack>
        <Text size="sm" c="dimmed">
          The hash of each entry covers the one before it, over all accounts. Whatever is changed, removed or
          put in between breaks the chain from there on.
        </Text>
        <div aria-live="polite">
          {verify.isPending && (
            <Group gap="sm" mih={74}>
              <Loader size="sm" aria-hidden />
              <Text size="sm">Going along the chain. It takes 20 seconds at most.</Text>
            </Group>
          )}
          {verify.error && <Failure error={verify.error} title="The record was not verified" />}
          {verify.data && !verify.isPending && <Found found={verify.data} />}
        </div>
        <Checkpoint text={verify.data?.checkpoint} opened={opened} />
        <Group justify="flex-end">
          <Button variant="default" onClick={() => mutate()} loading={verify.isPending}>
            Verify again
          </Button>
          <Button onClick={close}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Found({ found }: { found: Verification }) {
  if (!found.ok) return <Broken found={found} />
  const span = (
    <>
      {found.from && found.to && (
        <>
          {' '}
          from <When time={found.from} inherit /> to <When time={found.to} inherit />
        </>
      )}
    </>
  )
  if (!found.complete)
    return (
      <Alert
        color="yellow"
        variant="light"
        icon={<IconHourglass aria-hidden />}
        title="Nothing wrong so far, but not all was verified"
        styles={{ title: { color: 'var(--tocsin-warn)' } }}
      >
        <Text size="sm">
          The first {count(found.entries, 'entry', 'entries')}
          {span} fit together. The record is too long for one request: <Code>tocsin audit verify</Code> goes
          along all of it.
        </Text>
      </Alert>
    )
  return (
    <Alert
      color="green"
      variant="light"
      icon={<IconShieldCheck aria-hidden />}
      title="The record is intact"
      styles={{ title: { color: 'var(--tocsin-good)' } }}
    >
      <Text size="sm" className="numbers">
        {count(found.entries, 'entry', 'entries')}, number {full(found.first)} to {full(found.last)},{span}:
        each fits the one before it. An act has two entries, one when it begins and one when it ends; the list
        of acts shows them as one, and those of this account only.
      </Text>
    </Alert>
  )
}

function Broken({ found }: { found: Verification }) {
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      icon={<IconAlertOctagon aria-hidden />}
      styles={{ title: { color: 'var(--tocsin-bad)' } }}
      title={
        found.problem ? `The chain is broken at entry ${full(found.problem.sequence)}` : 'The chain is broken'
      }
    >
      <Stack gap="xs">
        <Text size="sm">
          The record was changed outside of the hub, or its disk lost something. Keep a copy of the data
          directory as it is, and compare it with a backup and your checkpoints.
        </Text>
        <List size="sm">
          {(found.problems ?? []).map((problem) => (
            <List.Item key={`${problem.sequence} ${problem.reason}`}>
              <b>Entry {full(problem.sequence)}</b>: <EventText inherit>{problem.reason}</EventText>
            </List.Item>
          ))}
        </List>
        {(found.more ?? 0) > 0 && <Text size="sm">and {full(found.more ?? 0)} more</Text>}
      </Stack>
    </Alert>
  )
}

/** Checkpoint is the end of the chain as a line to keep: that of the verification, else that of the record as it is. */
function Checkpoint({ text, opened }: { text: string | undefined; opened: boolean }) {
  const query = useQuery({
    queryKey: ['get', '/api/v1/audit/checkpoint'],
    enabled: opened && !text,
    staleTime: 0,
    queryFn: async ({ signal }) => (await api.GET('/api/v1/audit/checkpoint', { signal })).data ?? null,
  })
  const line = text ?? query.data?.text
  return (
    <Stack gap={4}>
      <Text size="sm" fw={600}>
        Checkpoint
      </Text>
      <Text size="sm" c="dimmed">
        No chain can show by itself that its end was cut off, or that all of it was written anew. Keep this
        line outside of the hub: <Code>tocsin audit verify --checkpoint</Code> compares with it later.
      </Text>
      <Group gap={4} wrap="nowrap" align="flex-start" className={classes.line} mih={58}>
        <Text size="xs" className="mono" style={{ overflowWrap: 'anywhere', flex: 1 }}>
          {line ?? '…'}
        </Text>
        {line && <Copy text={line} what="the checkpoint" />}
      </Group>
    </Stack>
  )
}
