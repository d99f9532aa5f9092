import { Button, CloseButton, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconSearch, IconUserPlus, IconUsers } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { $api, api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useMe } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import { CardRow } from '../frame/CardRow'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { InviteForm } from './InviteForm'
import { RolesPanel } from './RolesPanel'
import { roleOf } from './roles'
import { UserDetails } from './UserDetails'

type User = Schemas['User']

const stateTone = { invited: 'warn', active: 'good', disabled: 'calm' } as const

/** UsersPage lists who may sign in. */
export function UsersPage() {
  const me = useMe()
  const { open, q = '', change } = useAddress()
  const [typed, setTyped] = useState(q)
  const [held, setHeld] = useState(false)
  const look = useDebouncedCallback((next: string) => change({ q: next || undefined }, true), 250)
  const queries = useQueryClient()
  const list = usePages<User, Schemas['ListUser']>(['get', '/api/v1/users', q], async (cursor, signal) => {
    const { data } = await api.GET('/api/v1/users', {
      params: { query: { limit: pageSize, cursor: cursor || undefined, search: q || undefined } },
      signal,
    })
    return data ?? { items: [] }
  })
  const changed = async () => {
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/users'] })
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/users/{id}'] })
  }
  const close = () => {
    setHeld(false)
    change({ open: undefined })
  }
  const columns = useMemo<Column<User>[]>(
    () => [
      {
        id: 'who',
        header: 'User',
        width: 'minmax(240px, 1.4fr)',
        cell: (user) => <Who user={user} own={user.id === me.id} />,
      },
      {
        id: 'role',
        header: 'Role',
        width: '130px',
        cell: (user) => roleOf(user.role)?.title ?? user.role,
      },
      {
        id: 'state',
        header: 'State',
        width: '110px',
        cell: (user) => <State value={user.state} tone={stateTone[user.state]} />,
      },
      {
        id: 'factor',
        header: 'Second factor',
        width: '120px',
        cell: (user) =>
          user.second_factor ? (
            <State value="on" tone="good" />
          ) : (
            <Text span size="sm" c="dimmed">
              off
            </Text>
          ),
      },
      {
        id: 'seen',
        header: 'Last sign-in',
        width: '120px',
        cell: (user) => <Ago time={user.last_login_at} none="never" />,
      },
    ],
    [me.id],
  )
  return (
    <Page
      title="Users and roles"
      about="Who may sign in to this account, and what they may do. Programs get an API key instead."
      actions={
        <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => change({ open: 'new' })}>
          Invite user
        </Button>
      }
    >
      <TextInput
        aria-label="Search people"
        placeholder="Address or name"
        w={{ base: '100%', sm: 340 }}
        maxLength={100}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          typed && (
            <CloseButton
              size="sm"
              aria-label="Clear the search"
              onClick={() => {
                setTyped('')
                look('')
              }}
            />
          )
        }
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          look(event.currentTarget.value)
        }}
      />
      <VirtualTable
        label="People"
        natural
        {...list}
        columns={columns}
        rowID={(user) => user.id}
        rowName={(user) => user.email}
        open={(user) => change({ open: user.id })}
        current={open}
        empty={
          <Empty
            icon={IconUsers}
            title={q ? 'Nobody is called that' : 'Nobody is here yet'}
            text={
              q
                ? 'The search looks at addresses and names.'
                : 'Invite the first person; they get a link to choose a password.'
            }
          />
        }
        card={(user) => (
          <CardRow
            title={<EventText inherit>{user.name || user.email}</EventText>}
            aside={<State value={user.state} tone={stateTone[user.state]} />}
          >
            <EventText inherit>{user.email}</EventText>
            <Dots>
              {roleOf(user.role)?.title}
              <span>
                signed in <Ago time={user.last_login_at} none="never" />
              </span>
            </Dots>
          </CardRow>
        )}
      />
      <RolesPanel />
      <Side
        opened={open !== undefined}
        close={close}
        held={held}
        read={open !== 'new'}
        title={open === 'new' ? 'Invite user' : nameOf(list.rows.find(({ id }) => id === open))}
      >
        {open === 'new' ? (
          <InviteForm close={close} changed={changed} shown={() => setHeld(true)} />
        ) : (
          open && <OneUser key={open} id={open} close={close} changed={changed} shown={() => setHeld(true)} />
        )}
      </Side>
    </Page>
  )
}

function Who({ user, own }: { user: User; own: boolean }) {
  return (
    <>
      <Text span size="sm" fw={600}>
        <EventText inherit>{user.name || user.email}</EventText>
      </Text>
      {user.name && (
        <Text span size="sm" c="dimmed" ml={8}>
          <EventText inherit>{user.email}</EventText>
        </Text>
      )}
      {own && (
        <Text span size="sm" c="dimmed">
          {' '}
          (you)
        </Text>
      )}
    </>
  )
}

const nameOf = (user: User | undefined): string => visible(user?.name || user?.email || 'User')

function OneUser({
  id,
  close,
  changed,
  shown,
}: {
  id: string
  close: () => void
  changed: () => Promise<unknown>
  shown: () => void
}) {
  const query = $api.useQuery('get', '/api/v1/users/{id}', { params: { path: { id } } })
  return (
    <Loaded query={query}>
      {(user) => <UserDetails user={user} close={close} changed={changed} shown={shown} />}
    </Loaded>
  )
}
