import { Button } from '@mantine/core'
import { IconBuildingCommunity, IconPlus } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { $api, api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { CardRow } from '../frame/CardRow'
import { Mono } from '../frame/Mono'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { AccountForm } from './AccountForm'
import { AccountMenu, ActIn } from './AccountMenu'
import { OwnAccount } from './OwnAccount'

type Account = Schemas['Account']

/** AccountsPage shows the account that one acts in, and those below it. */
export function AccountsPage() {
  const may = useCan('admin')
  const { change } = useAddress()
  const own = $api.useQuery('get', '/api/v1/account')
  return (
    <Page
      title="Accounts"
      about="An account is a tenant: nothing crosses from one to another. An account may have others below it, whose events its integrations may have, too."
      actions={
        may && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ open: 'new' })}>
            Create account
          </Button>
        )
      }
    >
      <Panel title="This account">
        <Loaded query={own} lines={2}>
          {(account) => <OwnAccount account={account} />}
        </Loaded>
      </Panel>
      {may && <Accounts own={own.data?.name} />}
    </Page>
  )
}

function Accounts({ own }: { own: string | undefined }) {
  const { open, change } = useAddress()
  const queries = useQueryClient()
  const list = usePages<Account, Schemas['ListAccount']>(
    ['get', '/api/v1/accounts'],
    async (cursor, signal) => {
      const { data } = await api.GET('/api/v1/accounts', {
        params: { query: { limit: pageSize, cursor: cursor || undefined } },
        signal,
      })
      return data ?? { items: [] }
    },
  )
  const changed = async () => {
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/accounts'] })
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/account'] })
    await queries.invalidateQueries({ queryKey: ['me'] })
  }
  const below = list.rows.filter((account) => account.name !== own)
  const chosen = below.find((account) => account.name === open)
  const columns = useMemo<Column<Account>[]>(
    () => [
      {
        id: 'name',
        header: 'Name',
        width: 'minmax(150px, 1fr)',
        cell: (a) => <Mono fw={600}>{a.name}</Mono>,
      },
      {
        id: 'title',
        header: 'Title',
        width: 'minmax(150px, 1.2fr)',
        cell: (a) => <EventText inherit>{a.title || '–'}</EventText>,
      },
      { id: 'parent', header: 'Parent', width: '120px', cell: (a) => a.parent ?? '–' },
      { id: 'plan', header: 'Plan', width: '110px', cell: (a) => a.plan },
      { id: 'state', header: 'State', width: '90px', cell: (a) => <AccountState account={a} /> },
      { id: 'made', header: 'Created', width: '90px', cell: (a) => <Ago time={a.created_at} /> },
      { id: 'act', header: '', width: '100px', align: 'right', cell: (a) => <ActIn account={a} /> },
      { id: 'menu', header: '', width: '54px', align: 'right', cell: (a) => <AccountMenu account={a} /> },
    ],
    [],
  )
  return (
    <>
      <VirtualTable
        label="Accounts"
        natural
        {...list}
        rows={below}
        columns={columns}
        rowID={(a) => a.name}
        rowName={(a) => a.title || a.name}
        open={(a) => change({ open: a.name })}
        current={open}
        empty={
          <Empty
            icon={IconBuildingCommunity}
            title="There is no other account"
            text="Create one for each customer or department whose events are to be kept apart. You can then act in it, create its first key and invite its owner."
          />
        }
        card={(a) => (
          <CardRow
            title={<EventText inherit>{a.title || a.name}</EventText>}
            aside={
              <>
                <AccountState account={a} />
                <AccountMenu account={a} />
              </>
            }
          >
            <Dots>
              <Mono>{a.name}</Mono>
              {a.plan}
              {a.parent && `below ${a.parent}`}
            </Dots>
            <div style={{ marginTop: 6 }}>
              <ActIn account={a} />
            </div>
          </CardRow>
        )}
      />
      <Side
        opened={open === 'new' || chosen !== undefined}
        close={() => change({ open: undefined })}
        title={chosen ? chosen.title || chosen.name : 'Create account'}
      >
        <AccountForm
          key={chosen ? chosen.name : 'new'}
          account={chosen}
          close={() => change({ open: undefined })}
          changed={changed}
        />
      </Side>
    </>
  )
}

function AccountState({ account }: { account: Account }) {
  return account.closed_at ? <State value="closed" tone="calm" /> : <State value="open" tone="good" />
}
