import { Button, Text, Tooltip } from '@mantine/core'
import { IconPlus, IconWebhook } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { $api, api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import type { Column } from '@/table/columns'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { full, short } from '@/text/number'
import { visible } from '@/text/visible'
import { CardRow } from '../frame/CardRow'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { methodOf } from './methods'
import { SourceDetails } from './SourceDetails'
import { SourceForm } from './SourceForm'
import { Health } from './SourceHealth'

type Source = Schemas['SourceEndpoint']

/** SourcesPage lists the addresses that tools send to. */
export function SourcesPage() {
  const { open, change } = useAddress()
  const [held, setHeld] = useState(false)
  const may = useCan('sources:write')
  const queries = useQueryClient()
  const dialects = $api.useQuery('get', '/api/v1/dialects')
  const list = usePages<Source, Schemas['ListSourceEndpoint']>(
    ['get', '/api/v1/sources'],
    async (cursor, signal) => {
      const { data } = await api.GET('/api/v1/sources', {
        params: { query: { limit: pageSize, cursor: cursor || undefined } },
        signal,
      })
      return data ?? { items: [] }
    },
  )
  const changed = async () => {
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/sources'] })
    await queries.invalidateQueries({ queryKey: ['get', '/api/v1/sources/{id}'] })
  }
  const close = () => {
    setHeld(false)
    change({ open: undefined })
  }
  const columns = useMemo<Column<Source>[]>(() => {
    const titles = new Map((dialects.data?.items ?? []).map((dialect) => [dialect.name, dialect.title]))
    return [
      {
        id: 'name',
        header: 'Source',
        width: 'minmax(180px, 1.2fr)',
        cell: (source) => (
          <Text span size="sm" fw={600}>
            <EventText inherit>{source.name}</EventText>
          </Text>
        ),
      },
      {
        id: 'dialect',
        header: 'Tool',
        width: 'minmax(120px, 0.8fr)',
        cell: (source) => titles.get(source.dialect) ?? source.dialect,
      },
      { id: 'proof', header: 'Authentication', width: 'minmax(150px, 1fr)', cell: proofOf },
      { id: 'state', header: 'State', width: '110px', cell: (source) => <Health source={source} /> },
      {
        id: 'last',
        header: 'Last request',
        width: '110px',
        cell: (source) => <Ago time={source.last_received_at ?? undefined} none="never" />,
      },
      {
        id: 'counts',
        header: 'Accepted',
        width: '90px',
        align: 'right',
        cell: (source) => (
          <span className="numbers" title={full(source.counts.accepted)}>
            {short(source.counts.accepted)}
          </span>
        ),
      },
      {
        id: 'bad',
        header: 'Rejected',
        width: '100px',
        align: 'right',
        cell: (source) => <NotTaken source={source} />,
      },
    ]
  }, [dialects.data])
  return (
    <Page
      title="Sources"
      about="A source is an address of its own for one tool that sends events, with its own way of proving who sends. It can be switched off, limited and counted by itself."
      actions={
        <Tooltip label="Your role does not allow it" disabled={may}>
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            disabled={!may}
            onClick={() => change({ open: 'new' })}
          >
            Create source
          </Button>
        </Tooltip>
      }
    >
      <VirtualTable
        label="Sources"
        natural
        {...list}
        columns={columns}
        rowID={(source) => source.id}
        rowName={(source) => source.name}
        open={(source) => change({ open: source.id })}
        current={open}
        empty={
          <Empty
            icon={IconWebhook}
            title="There is no source"
            text="Create one for each tool that reports: a cloud, a firewall, a scanner. You get an address and a secret to enter there."
          />
        }
        card={(source) => (
          <CardRow title={<EventText inherit>{source.name}</EventText>} aside={<Health source={source} />}>
            <Dots>
              {source.dialect}
              {proofOf(source)}
            </Dots>
            <Dots>
              <span>
                last <Ago time={source.last_received_at ?? undefined} none="never" />
              </span>
              {`${full(source.counts.accepted)} accepted`}
            </Dots>
          </CardRow>
        )}
      />
      <Side
        opened={open !== undefined}
        close={close}
        held={held}
        wide
        read={open !== 'new'}
        title={
          open === 'new'
            ? 'Create source'
            : visible(list.rows.find(({ id }) => id === open)?.name ?? 'Source')
        }
      >
        {open === 'new' ? (
          <SourceForm close={close} changed={changed} shown={() => setHeld(true)} />
        ) : (
          open && (
            <OneSource key={open} id={open} close={close} changed={changed} shown={() => setHeld(true)} />
          )
        )}
      </Side>
    </Page>
  )
}

const proofOf = (source: Source): string => {
  const method = String((source.auth as { method?: unknown }).method ?? '')
  return methodOf(method)?.title ?? method
}

function NotTaken({ source }: { source: Source }) {
  const { refused, rejected } = source.counts
  return (
    <span
      className="numbers"
      title={`${full(refused)} requests did not prove to be the source’s; ${full(rejected)} events were not valid`}
      style={{ color: refused + rejected > 0 ? 'var(--tocsin-bad)' : undefined }}
    >
      {short(refused + rejected)}
    </span>
  )
}

function OneSource({
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
  const query = $api.useQuery('get', '/api/v1/sources/{id}', { params: { path: { id } } })
  return (
    <Loaded query={query}>
      {(source) => <SourceDetails source={source} close={close} changed={changed} shown={shown} />}
    </Loaded>
  )
}
