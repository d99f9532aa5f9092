import { Button, SimpleGrid } from '@mantine/core'
import { IconShieldPlus } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { BlocksFrame } from '../frame/BlocksFrame'
import { ResponderCard } from './ResponderCard'
import { respondersPath, useResponders } from './useResponders'

/** catalogue is where integrations are added; group shows those of the connectors that can block. */
const catalogue: string = '/integrations/catalogue'
const group = { group: 'response_actions' }

/** RespondersPage shows the integrations that can block: how they are doing, and how full they are. */
export function RespondersPage() {
  const responders = useResponders()
  const mayAdd = useCan('integrations:write')
  useLiveRefresh(['block'], ['get', respondersPath])
  const add = (
    <Button
      component={Link}
      to={catalogue}
      search={group as never}
      variant={responders.data?.items.length ? 'default' : 'filled'}
      leftSection={<IconShieldPlus size={16} aria-hidden />}
    >
      Add responder
    </Button>
  )
  return (
    <BlocksFrame
      at="/blocks/responders"
      about="Integrations that block. Each is read, compared with what is wanted, put right, and read again."
      actions={mayAdd && responders.data?.items.length ? add : undefined}
    >
      <Loaded query={responders} lines={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel>
              <Empty
                icon={IconShieldPlus}
                title="Nothing can block yet"
                text="Connect a firewall: Cloudflare, AWS WAF, or an endpoint of your own that blocks, unblocks and lists."
              >
                {mayAdd && add}
              </Empty>
            </Panel>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
              {items.map((responder) => (
                <ResponderCard key={responder.id} responder={responder} />
              ))}
            </SimpleGrid>
          )
        }
      </Loaded>
    </BlocksFrame>
  )
}
