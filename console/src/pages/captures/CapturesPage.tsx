import { Button, Select } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconInbox, IconSend } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { Page } from '@/page/Page'
import { SendSample } from '@/sample/SendSample'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { statsQuery } from '@/stats/statsQuery'
import { visible } from '@/text/visible'
import { Inbox } from './Inbox'

/** CapturesPage shows what a receiver would get: the payloads that a capture integration has kept. */
export function CapturesPage() {
  const { integration, event } = useSearch({ from: '/shell/captures' })
  const navigate = useNavigate()
  const write = useCan('events:write')
  const [sending, { open, close }] = useDisclosure()
  const allowed = useCan('deliveries:read')
  const stats = useQuery({ ...statsQuery(), enabled: allowed })
  const inboxes = stats.data?.integrations.filter(({ kind }) => kind === 'capture') ?? []
  const chosen = integration ?? inboxes[0]?.integration
  const show = useCallback(
    (next: { integration?: string | undefined; event?: string | undefined }) =>
      void navigate({ to: '/captures', search: next, replace: true }),
    [navigate],
  )
  const sample = write && (
    <Button variant="default" leftSection={<IconSend size={16} aria-hidden />} onClick={open}>
      Send a sample event
    </Button>
  )
  return (
    <Page
      fill
      title="Capture inbox"
      about="What a receiver would get, without one. Payloads are kept in memory, and go when the hub restarts."
      actions={
        <>
          {inboxes.length > 0 && (
            <Select
              aria-label="Inbox"
              data={inboxes.map(({ integration: value, name }) => ({ value, label: visible(name) }))}
              value={chosen ?? null}
              onChange={(value) => value && show({ integration: value })}
              allowDeselect={false}
              searchable={inboxes.length > 8}
              w={200}
            />
          )}
          {sample}
        </>
      }
    >
      {chosen ? (
        <Inbox
          key={chosen}
          integration={chosen}
          event={event}
          open={(next) => show({ integration: chosen, event: next })}
          empty={sample}
        />
      ) : (
        <Loaded query={stats}>{() => <NoInbox />}</Loaded>
      )}
      <SendSample opened={sending} close={close} />
    </Page>
  )
}

function NoInbox() {
  const write = useCan('integrations:write')
  return (
    <Empty
      icon={IconInbox}
      title="There is no capture integration yet"
      text="It takes events as a receiver does, and keeps what it got for you to look at. It needs no account anywhere."
    >
      {write && (
        <Button component={Link} to="/integrations/new/capture">
          Add a capture integration
        </Button>
      )}
    </Empty>
  )
}
