import { Badge, Button, Group, SegmentedControl, Text } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { Empty } from '@/state/Empty'
import { Failure } from '@/state/Failure'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { State } from '@/text/State'
import { useNow } from '@/text/time'
import { visible } from '@/text/visible'
import { CardRow } from '../frame/CardRow'
import { Mono } from '../frame/Mono'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { useOpened } from '../frame/useOpened'
import { KeyDetails } from './KeyDetails'
import { KeyForm } from './KeyForm'
import { Standing } from './Standing'
import { standing } from './scopes'

type Key = Schemas['Key']

const over = (key: Key, now: number) => ['expired', 'revoked'].includes(standing(key, now))

/** KeysPage lists the account's API keys. */
export function KeysPage() {
  const { open, state = 'active', change } = useAddress()
  const [held, setHeld] = useState(false)
  const queries = useQueryClient()
  const now = useNow()
  const list = usePages<Key, Schemas['ListKey']>(['get', '/api/v1/api-keys'], async (cursor, signal) => {
    const { data } = await api.GET('/api/v1/api-keys', {
      params: { query: { limit: pageSize, cursor: cursor || undefined } },
      signal,
    })
    return data ?? { items: [] }
  })
  const changed = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/api-keys'] })
  const close = () => {
    setHeld(false)
    change({ open: undefined })
  }
  const shown = () => setHeld(true)
  const rows = useMemo(
    () => list.rows.filter((key) => (state === 'ended') === over(key, now)),
    [list.rows, state, now],
  )
  const { chosen, error: nowhere } = useOpened('/api/v1/api-keys', open, list, (key) => key.id === open)
  const columns = useMemo<Column<Key>[]>(
    () => [
      { id: 'name', header: 'Name', width: 'minmax(170px, 1.1fr)', cell: (key) => <Name item={key} /> },
      { id: 'prefix', header: 'Prefix', width: '176px', cell: (key) => <Mono>{`${key.prefix}…`}</Mono> },
      { id: 'scopes', header: 'Scopes', width: 'minmax(170px, 1fr)', cell: (key) => <Scopes item={key} /> },
      { id: 'state', header: 'State', width: '112px', cell: (key) => <Standing item={key} /> },
      {
        id: 'end',
        header: 'Expires',
        width: '90px',
        cell: (key) => <Ago time={key.expires_at} none="never" />,
      },
      {
        id: 'used',
        header: 'Last used',
        width: '100px',
        cell: (key) => <Ago time={key.last_used_at} none="never" />,
      },
      {
        id: 'limit',
        header: 'Rate limit',
        width: '90px',
        align: 'right',
        cell: (key) => <span className="numbers">{key.rate_limit ? full(key.rate_limit) : '–'}</span>,
      },
    ],
    [],
  )
  return (
    <Page
      title="API keys"
      about="Programs sign in with a key, in the header X-API-Key. Give each program a key of its own, with no more scopes than it needs."
      actions={
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ open: 'new' })}>
          Create key
        </Button>
      }
    >
      <Group>
        <SegmentedControl
          size="sm"
          aria-label="Which keys"
          value={state === 'ended' ? 'ended' : 'active'}
          onChange={(value) => change({ state: value === 'ended' ? 'ended' : undefined }, true)}
          data={[
            { value: 'active', label: 'In use' },
            { value: 'ended', label: 'Revoked and expired' },
          ]}
        />
      </Group>
      <VirtualTable
        label="API keys"
        natural
        {...list}
        rows={rows}
        columns={columns}
        rowID={(key) => key.id}
        rowName={(key) => key.name}
        open={(key) => change({ open: key.id })}
        current={open}
        empty={
          state === 'ended' ? (
            <Empty icon={IconKey} title="No key has ended" text="Revoked and expired keys are listed here." />
          ) : (
            <Empty
              icon={IconKey}
              title="There is no key"
              text="Create one for each program that sends events or reads from the hub."
            />
          )
        }
        card={(key) => (
          <CardRow title={<Name item={key} />} aside={<Standing item={key} />}>
            <Mono>{`${key.prefix}…`}</Mono>
            <Dots>
              <span>
                used <Ago time={key.last_used_at} none="never" />
              </span>
              <span>
                expires <Ago time={key.expires_at} none="never" />
              </span>
            </Dots>
          </CardRow>
        )}
      />
      <Side
        opened={open === 'new' || chosen !== undefined || nowhere !== undefined}
        close={close}
        held={held}
        read={chosen !== undefined}
        title={nowhere ? 'Not found' : chosen && open !== 'new' ? visible(chosen.name) : 'Create key'}
      >
        {nowhere ? (
          <Failure error={nowhere} />
        ) : chosen ? (
          <KeyDetails
            key={chosen.id}
            item={chosen}
            keys={list.rows}
            close={close}
            changed={changed}
            shown={shown}
          />
        ) : (
          <KeyForm key="new" close={close} changed={changed} shown={shown} />
        )}
      </Side>
    </Page>
  )
}

function Name({ item }: { item: Key }) {
  return (
    <Group gap={8} wrap="nowrap" display="inline-flex" maw="100%">
      <Text span size="sm" fw={600} truncate>
        <EventText inherit>{item.name}</EventText>
      </Text>
      {item.environment === 'test' && <State value="test" tone="warn" />}
    </Group>
  )
}

function Scopes({ item }: { item: Key }) {
  const [first, ...rest] = item.scopes
  return (
    <Group gap={4} wrap="nowrap" title={item.scopes.join(', ')}>
      <Badge variant="light" color="gray" tt="none" radius="sm" fw={500} style={{ flexShrink: 0 }}>
        {first}
      </Badge>
      {rest.length > 0 && (
        <Text span size="xs" c="dimmed">
          and {rest.length} more
        </Text>
      )}
    </Group>
  )
}
