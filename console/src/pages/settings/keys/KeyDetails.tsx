import { Badge, Button, Group, Modal, Select, Stack, Table, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { asProblem, type Problem } from '@/api/problem'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Identifier } from '@/text/Identifier'
import { full } from '@/text/number'
import { useNow } from '@/text/time'
import { FormFoot } from '../form/FormFoot'
import { Mono } from '../frame/Mono'
import { Maker } from './Maker'
import { NewKeyShown } from './NewKeyShown'
import { Standing } from './Standing'
import { standing } from './scopes'

interface Props {
  item: Schemas['Key']
  /** keys are those that are known by name. */
  keys: Iterable<Schemas['Key']>
  close: () => void
  changed: () => Promise<unknown>
  shown: () => void
}

/** KeyDetails shows a key, rotates and revokes it. */
export function KeyDetails({ item, keys, close, changed, shown }: Props) {
  const [made, setMade] = useState<Schemas['NewKey']>()
  const [rotating, { open: openRotating, close: closeRotating }] = useDisclosure()
  const now = useNow()
  if (made) return <NewKeyShown made={made} close={close} />
  const alive = ['active', 'ending'].includes(standing(item, now))
  const revoke = () =>
    confirm({
      title: `Revoke the key “${item.name}”?`,
      text: 'It ends at once: whatever uses it is refused from now on. This cannot be undone.',
      verb: 'Revoke',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id: item.id } } })
        close()
        await changed()
        done(`The key “${item.name}” is revoked.`)
      },
    })
  const facts: [label: string, value: ReactNode][] = [
    ['Prefix', <Mono key="p">{`${item.prefix}…`}</Mono>],
    ['State', <Standing key="s" item={item} />],
    ['Expires', <When key="e" time={item.expires_at} none="never" />],
    ...(item.revoked_at
      ? ([['Revoked', <When key="r" time={item.revoked_at} />]] as [string, ReactNode][])
      : []),
    [
      'Last used',
      <span key="l">
        <Ago time={item.last_used_at} none="never" />
        {item.last_used_ip && (
          <>
            {' from '}
            <Mono>{item.last_used_ip}</Mono>
          </>
        )}
      </span>,
    ],
    ['Requests a minute', item.rate_limit ? full(item.rate_limit) : 'no limit of its own'],
    ['Event types', item.event_types.length ? item.event_types.join(', ') : 'all that its scopes allow'],
    ['Created', <When key="m" time={item.created_at} />],
    ['Created by', item.created_by ? <Maker key="b" id={item.created_by} keys={keys} /> : '–'],
    ['Id', <Identifier key="i" value={item.id} />],
    ...(item.replaces
      ? ([['Rotated from', <Identifier key="x" value={item.replaces} />]] as [string, ReactNode][])
      : []),
  ]
  return (
    <Stack>
      <Text fw={650}>
        <EventText inherit>{item.name}</EventText>
      </Text>
      <Group gap={6}>
        {item.scopes.map((scope) => (
          <Badge key={scope} variant="light" color="gray" tt="none" radius="sm">
            {scope}
          </Badge>
        ))}
      </Group>
      <Table verticalSpacing={6} horizontalSpacing={0} variant="vertical" withRowBorders={false}>
        <Table.Tbody>
          {facts.map(([label, value]) => (
            <Table.Tr key={label}>
              <Table.Th w={150} bg="transparent" c="dimmed" fw={400} fz="sm">
                {label}
              </Table.Th>
              <Table.Td fz="sm">{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {alive && (
        <Group justify="space-between">
          <Button variant="light" color="red" onClick={revoke}>
            Revoke
          </Button>
          <Button variant="default" onClick={openRotating}>
            Rotate
          </Button>
        </Group>
      )}
      <Modal
        opened={rotating}
        onClose={closeRotating}
        title={`Rotate “${item.name}”`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <RotateForm
          item={item}
          close={closeRotating}
          made={async (key) => {
            closeRotating()
            setMade(key)
            shown()
            await changed()
          }}
        />
      </Modal>
    </Stack>
  )
}

const overlaps = [
  { value: '0s', label: 'at once' },
  { value: '1h', label: 'in an hour' },
  { value: '24h', label: 'in a day' },
  { value: '168h', label: 'in a week' },
  { value: '720h', label: 'in 30 days' },
]

function RotateForm({
  item,
  close,
  made,
}: {
  item: Schemas['Key']
  close: () => void
  made: (key: Schemas['NewKey']) => Promise<void>
}) {
  const [overlap, setOverlap] = useState('24h')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const rotate = async (event: React.FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      const { data } = await api.POST('/api/v1/api-keys/{id}/rotate', {
        params: { path: { id: item.id } },
        body: { overlap },
      })
      if (data) await made(data)
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(event) => void rotate(event)}>
      <Stack>
        <Text size="sm">
          You get a new key that may do the same. Both work for a while, so that the program can be changed
          without a gap.
        </Text>
        <Select
          label="The old key expires"
          data={overlaps}
          allowDeselect={false}
          value={overlap}
          onChange={(value) => setOverlap(value ?? '24h')}
        />
        <FormFoot verb="Rotate key" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}
