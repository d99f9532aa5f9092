import { Button, Group, SegmentedControl, Stack } from '@mantine/core'
import { IconArrowRight, IconSend } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { $api } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { BackfillPanel } from './BackfillPanel'
import { DeliveryLines } from './DeliveryLines'
import type { Shown } from './data'
import { HeldBack } from './HeldBack'

/** few is how many lines are shown; the page about deliveries has all. */
const few = 20

/** DeliveriesTab shows the newest deliveries, what was held back, and brings older events. */
export function DeliveriesTab(shown: Shown) {
  const { integration } = shown
  const [what, setWhat] = useState<'deliveries' | 'held'>('deliveries')
  return (
    <Stack gap="sm">
      <Panel
        flush
        title={what === 'deliveries' ? 'The newest deliveries' : 'Held back for good'}
        actions={
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              aria-label="What is shown"
              data={[
                { value: 'deliveries', label: 'Deliveries' },
                { value: 'held', label: 'Held back' },
              ]}
              value={what}
              onChange={(next) => setWhat(next as typeof what)}
            />
            <Button
              component={Link}
              to={'/deliveries' as string}
              search={{ integration: integration.id } as never}
              size="compact-sm"
              variant="subtle"
              visibleFrom="xs"
              rightSection={<IconArrowRight size={14} aria-hidden />}
            >
              All of them
            </Button>
          </Group>
        }
      >
        {what === 'deliveries' ? <Newest {...shown} /> : <HeldBack id={integration.id} />}
      </Panel>
      <BackfillPanel {...shown} />
    </Stack>
  )
}

function Newest({ integration }: Shown) {
  useLiveRefresh(['delivery'], ['get', '/api/v1/deliveries'])
  const deliveries = $api.useQuery('get', '/api/v1/deliveries', {
    params: { query: { integration: integration.id, limit: few } },
  })
  return (
    <Loaded query={deliveries}>
      {(data) =>
        data.items.length > 0 ? (
          <DeliveryLines deliveries={data.items} label="The newest deliveries" />
        ) : (
          <Empty
            icon={IconSend}
            title="Nothing was delivered yet"
            text="As soon as an event comes that the subscription wants, its delivery is here."
          />
        )
      }
    </Loaded>
  )
}
