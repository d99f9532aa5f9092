import { Box, Button, Drawer, Group, Stack, Tabs, Text, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconRefresh } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { api } from '@/api/client'
import { type Delivery, whyNoRetry } from '@/delivery/words'
import { IntegrationName } from '@/integration/IntegrationName'
import { useLive } from '@/live/LiveProvider'
import { atTitle } from '@/page/atTitle'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import { Attempts } from './Attempts'
import { DeliveryFacts } from './DeliveryFacts'
import { EventPart } from './EventPart'
import { RequestNow } from './RequestNow'
import { detailKey, useRetry } from './retry'
import { type DeliverySearch, filterOf } from './search'

const route = getRouteApi('/shell/deliveries/$delivery')

/** DeliveryDrawer is one delivery, beside the list. */
export function DeliveryDrawer() {
  const { delivery: id } = route.useParams()
  const search = route.useSearch()
  const navigate = useNavigate()
  const queries = useQueryClient()
  useLive('delivery', (data) => {
    if ((data as Delivery)?.id === id) void queries.invalidateQueries({ queryKey: detailKey(id) })
  })
  const query = useQuery({
    queryKey: detailKey(id),
    queryFn: async ({ signal }) => {
      const { data } = await api.GET('/api/v1/deliveries/{id}', { params: { path: { id } }, signal })
      if (!data) throw new Error('the hub answered without the delivery')
      return data
    },
  })
  const narrow = useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false })
  const row = query.data
  return (
    <Drawer
      opened
      onClose={() => void navigate({ to: '/deliveries', search: filterOf(search) })}
      position="right"
      size={760}
      attributes={atTitle}
      title={row ? <Heading row={row} act={!narrow} /> : 'Delivery'}
      overlayProps={{ backgroundOpacity: 0.35 }}
      closeButtonProps={{ 'aria-label': 'Close the delivery' }}
      styles={{ title: { minWidth: 0, flex: 1 } }}
    >
      <Loaded query={query} lines={12}>
        {(delivery) => (
          <Stack gap="md">
            <DeliveryFacts row={delivery} />
            {narrow && <Retry row={delivery} wide />}
            <Parts row={delivery} search={search} />
          </Stack>
        )}
      </Loaded>
    </Drawer>
  )
}

/** Heading says what is delivered, where to, and how it stands; act offers to retry it beside that. */
function Heading({ row, act }: { row: Delivery; act: boolean }) {
  return (
    <Group gap="sm" justify="space-between" wrap="nowrap" pr="xs">
      <Box miw={0}>
        <Group gap="xs" wrap="nowrap" align="flex-start">
          <Text fw={650} fz="md" lh={1.3} lineClamp={2}>
            {row.title ? <EventText inherit>{row.title}</EventText> : (row.type ?? 'Expired range')}
          </Text>
          <Box flex="none">
            <State value={row.status} />
          </Box>
        </Group>
        <Text size="sm" c="dimmed" truncate>
          {row.title && (
            <>
              <EventText inherit className="mono">
                {row.type}
              </EventText>{' '}
            </>
          )}
          to <IntegrationName id={row.integration} link />
        </Text>
      </Box>
      {act && <Retry row={row} />}
    </Group>
  )
}

function Retry({ row, wide }: { row: Delivery; wide?: boolean }) {
  const allowed = useCan('deliveries:write')
  const retry = useRetry(row)
  const why = whyNoRetry(row.status) || (allowed ? '' : 'Your role does not allow it.')
  return (
    <Tooltip label={why} disabled={!why}>
      <Button
        leftSection={<IconRefresh size={16} aria-hidden />}
        loading={retry.isPending}
        // Kept in reach of the keyboard, so that the reason can be read.
        data-disabled={why ? true : undefined}
        aria-disabled={why ? true : undefined}
        onClick={() => !why && retry.mutate()}
        fullWidth={wide}
        style={{ flexShrink: 0 }}
      >
        Retry now
      </Button>
    </Tooltip>
  )
}

function Parts({ row, search }: { row: Delivery; search: DeliverySearch }) {
  const navigate = useNavigate()
  const show = search.show ?? 'attempts'
  return (
    <Tabs
      value={show}
      keepMounted={false}
      onChange={(next) =>
        void navigate({
          to: '/deliveries/$delivery',
          params: { delivery: row.id },
          search: { ...search, show: next === 'request' || next === 'event' ? next : undefined },
          replace: true,
        })
      }
    >
      <Tabs.List>
        <Tabs.Tab value="attempts">Attempts</Tabs.Tab>
        {row.event && <Tabs.Tab value="request">Request</Tabs.Tab>}
        {row.event && <Tabs.Tab value="event">Event</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="attempts" pt="md">
        <Attempts row={row} />
      </Tabs.Panel>
      {row.event && (
        <Tabs.Panel value="request" pt="md">
          <RequestNow integration={row.integration} event={row.event} />
        </Tabs.Panel>
      )}
      {row.event && (
        <Tabs.Panel value="event" pt="md">
          <EventPart id={row.event} />
        </Tabs.Panel>
      )}
    </Tabs>
  )
}
