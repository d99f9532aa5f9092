import { Alert, Button, Group, Modal, Select, Stack, Text } from '@mantine/core'
import { IconSend } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { PageLink } from '@/link/PageLink'
import { Loaded } from '@/state/Loaded'
import { Json } from '@/text/Json'
import { Severity } from '@/text/Severity'
import { WhereItWent } from '@/trace/WhereItWent'
import { sendSample } from './sendSample'

const usual = 'alert.created'

/** SendSample lets somebody choose an event type, sends its sample, and shows where it goes. */
export function SendSample({
  opened,
  close,
  type = usual,
}: {
  opened: boolean
  close: () => void
  /** type is what is chosen at first. */
  type?: string
}) {
  const types = $api.useQuery('get', '/api/v1/event-types', {}, { enabled: opened, staleTime: Infinity })
  return (
    <Modal opened={opened} onClose={close} title="Send a sample event" size="lg">
      <Loaded query={types} lines={5}>
        {({ items }) => <Sending types={items} first={type} />}
      </Loaded>
    </Modal>
  )
}

function Sending({ types, first }: { types: Schemas['EventType'][]; first: string }) {
  const queries = useQueryClient()
  const [name, setName] = useState(first)
  const [sent, setSent] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const groups = useMemo(() => grouped(types), [types])
  const chosen = types.find((each) => each.name === name)
  const send = async () => {
    if (!chosen) return
    setBusy(true)
    setError('')
    try {
      setSent(await sendSample(chosen))
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/events'] })
    } catch (thrown) {
      setError(asProblem(thrown).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        It goes the way of every event: into the journal, then to each integration that wants it. Receivers
        get it for real.
      </Text>
      <Group align="flex-end" gap="sm">
        <Select
          label="Event type"
          data={groups}
          value={name}
          onChange={(value) => {
            if (!value) return
            setName(value)
            setSent('')
          }}
          searchable
          allowDeselect={false}
          nothingFoundMessage="No type has this name"
          maxDropdownHeight={320}
          flex="1 1 260px"
          limit={400}
        />
        <Button
          leftSection={<IconSend size={16} aria-hidden />}
          onClick={() => void send()}
          loading={busy}
          data-autofocus
        >
          {sent ? 'Send once more' : 'Send'}
        </Button>
      </Group>
      {error && (
        <Alert color="red" variant="light" role="alert">
          {error}
        </Alert>
      )}
      {chosen && !sent && (
        <>
          <Group gap="sm">
            <Severity value={chosen.severity} />
            <Text size="sm">{chosen.description}</Text>
          </Group>
          <Json value={chosen.sample} label="The sample" maxHeight={260} />
        </>
      )}
      {sent && (
        <Stack gap="xs" mih={180}>
          <Group justify="space-between">
            <Text fw={650} size="sm">
              Where it went
            </Text>
            <PageLink underline="hover" to={`/events/${sent}`} size="sm">
              Open the event
            </PageLink>
          </Group>
          <WhereItWent event={sent} />
        </Stack>
      )}
    </Stack>
  )
}

function grouped(types: Schemas['EventType'][]): { group: string; items: string[] }[] {
  const groups = new Map<string, string[]>()
  for (const { category, name } of types) groups.set(category, [...(groups.get(category) ?? []), name])
  return [...groups].map(([group, items]) => ({ group: group[0]?.toUpperCase() + group.slice(1), items }))
}
