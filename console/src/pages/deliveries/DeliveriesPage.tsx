import { Button, Group } from '@mantine/core'
import { IconChecklist, IconSend } from '@tabler/icons-react'
import { getRouteApi, Link, Outlet, useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { api } from '@/api/client'
import { deliveryCard, deliveryColumns, deliveryName } from '@/delivery/columns'
import type { Delivery } from '@/delivery/words'
import { Page } from '@/page/Page'
import { Empty } from '@/state/Empty'
import { News } from '@/table/News'
import { pageSize, usePages } from '@/table/pages'
import { VirtualTable } from '@/table/VirtualTable'
import { full } from '@/text/number'
import { DeliveryFilters } from './DeliveryFilters'
import type { Listed } from './live'
import { filterOf } from './search'
import { mostNew, useLiveRows } from './useLiveRows'

const route = getRouteApi('/shell/deliveries')

/** mostBarren is how many pages without a hit are read in a row before somebody is asked to go on. */
const mostBarren = 4

/** DeliveriesPage lists all deliveries and where they stand. */
export function DeliveriesPage() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { delivery } = useParams({ strict: false })
  const filter = useMemo(() => filterOf(search), [search])
  const key = useMemo(() => ['get', '/api/v1/deliveries', filter], [filter])
  const list = usePages<Delivery, Listed>(key, async (cursor, signal) => {
    const query = { ...filter, limit: pageSize, cursor: cursor || undefined }
    return (await api.GET('/api/v1/deliveries', { params: { query }, signal })).data ?? {}
  })
  const { fresh, show } = useLiveRows(key, filter)
  // A table that begins anew stands at its top.
  const [generation, setGeneration] = useState(0)
  const [further, setFurther] = useState(0)
  const tired = list.barren >= mostBarren * (further + 1)
  const { rows, hasMore, loadingMore, loadMore } = list
  // biome-ignore lint/correctness/useExhaustiveDependencies: a function that is new at each draw
  useEffect(() => {
    if (rows.length === 0 && hasMore && !loadingMore && !tired) loadMore()
  }, [rows.length, hasMore, loadingMore, tired])
  const filtered = Object.keys(filter).length > 0
  return (
    <Page
      title="Deliveries"
      about={
        filter.status
          ? 'Every event on its way to an integration, the newest first.'
          : 'First what failed or is tried again, then what waits for its turn, then what was delivered.'
      }
      fill
      actions={
        <Button
          component={Link}
          to="/deliveries/jobs"
          variant="default"
          leftSection={<IconChecklist size={16} aria-hidden />}
        >
          Replays and backfills
        </Button>
      }
    >
      <DeliveryFilters
        filter={filter}
        set={(next) => {
          setFurther(0)
          void navigate({ to: '/deliveries', search: next })
        }}
      />
      <News
        text={fresh === 0 ? '' : fresh >= mostNew ? `More than ${full(mostNew)} new` : `${full(fresh)} new`}
        show={() => {
          void show()
          setGeneration((old) => old + 1)
        }}
      >
        <VirtualTable
          key={generation}
          label="Deliveries"
          rows={rows}
          columns={deliveryColumns}
          rowID={(row) => row.id}
          rowName={deliveryName}
          card={deliveryCard}
          open={(row) =>
            void navigate({ to: '/deliveries/$delivery', params: { delivery: row.id }, search: filter })
          }
          current={delivery}
          loading={list.loading || (rows.length === 0 && hasMore && !tired)}
          error={list.error}
          retry={list.retry}
          hasMore={hasMore && !tired}
          loadingMore={loadingMore}
          loadMore={loadMore}
          empty={
            tired ? (
              <Empty
                icon={IconSend}
                title="Nothing among the newest events"
                text="What was delivered is looked up in the journal, which is long."
              >
                <LookFurther look={() => setFurther((old) => old + 1)} />
              </Empty>
            ) : filtered ? (
              <Empty
                icon={IconSend}
                title="No delivery matches"
                text="Remove a filter, or look further back."
              >
                <Button variant="light" onClick={() => void navigate({ to: '/deliveries', search: {} })}>
                  Clear filters
                </Button>
              </Empty>
            ) : (
              <Empty
                icon={IconSend}
                title="Nothing was delivered yet"
                text="As soon as an event matches an integration’s subscription, its delivery is listed here."
              >
                <Button component={Link} to="/integrations" variant="light">
                  Look at the integrations
                </Button>
              </Empty>
            )
          }
        />
      </News>
      {tired && rows.length > 0 && (
        <Group justify="center">
          <LookFurther look={() => setFurther((old) => old + 1)} />
        </Group>
      )}
      <Outlet />
    </Page>
  )
}

function LookFurther({ look }: { look: () => void }) {
  return (
    <Button size="compact-sm" variant="light" onClick={look}>
      Look further back
    </Button>
  )
}
