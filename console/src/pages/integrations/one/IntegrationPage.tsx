import { Badge, Group, Tabs } from '@mantine/core'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Suspense, useEffect, useRef } from 'react'
import { blocks, delivers } from '@/integration/capabilities'
import { standingOf } from '@/integration/standing'
import { Page } from '@/page/Page'
import { Loaded } from '@/state/Loaded'
import { Loading } from '@/state/Loading'
import { NotFound } from '@/state/NotFound'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { visible } from '@/text/visible'
import { useConnector, useHubsOwnChanges, useResponders } from '../data/all'
import { StandingState } from '../list/columns'
import { Actions } from './Actions'
import { type Shown, useIntegration, useIntegrationStats } from './data'
import { panels } from './panels'
import { tabsOf } from './tabs'
import { WhatIsWrong } from './WhatIsWrong'

const back = { to: '/integrations', label: 'Integrations' }

/** IntegrationPage is one integration, in parts that have addresses of their own. */
export function IntegrationPage() {
  const { id, tab = 'overview' } = useParams({ from: '/shell/integrations/$id/{-$tab}' })
  const integration = useIntegration(id)
  const kind = integration.data?.kind ?? ''
  const connector = useConnector(kind)
  const responders = useResponders()
  const stats = useIntegrationStats(id, kind !== '' && (delivers(connector.data) || connector.isError))
  useHubsOwnChanges()
  if (!integration.data)
    return (
      <Page title="Integration" back={back}>
        <Loaded query={integration} lines={8}>
          {() => null}
        </Loaded>
      </Page>
    )
  // A kind that this build does not have is shown without what only its connector knows.
  if (connector.isPending)
    return (
      <Page title={visible(integration.data.name)} back={back}>
        <Loading lines={8} />
      </Page>
    )
  return (
    <View
      tab={tab}
      shown={{
        integration: integration.data,
        connector: connector.data,
        stats: stats.data,
        responder: blocks(connector.data) ? responders.data?.get(id) : undefined,
      }}
    />
  )
}

function View({ tab, shown }: { tab: string; shown: Shown }) {
  const { integration, connector, stats, responder } = shown
  const navigate = useNavigate()
  const tabs = tabsOf(connector)
  const Panel = panels[tab]
  const standing = standingOf(integration, stats, responder)
  const list = useRef<HTMLDivElement>(null)
  // On a small screen the parts do not fit: the one that is shown is brought into sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the part is what the effect waits for
  useEffect(() => {
    list.current
      ?.querySelector<HTMLElement>('[aria-selected="true"]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [tab])
  return (
    <Page
      title={visible(integration.name)}
      head={<EventText inherit>{integration.name}</EventText>}
      back={back}
      about={
        <Group gap={8} mt={4}>
          <StandingState line={{ standing }} />
          <Dots>
            {connector?.title ?? integration.kind}
            {integration.owner && <EventText>{integration.owner}</EventText>}
          </Dots>
        </Group>
      }
      actions={<Actions {...shown} />}
    >
      <WhatIsWrong {...shown} whole={tab === 'overview'} />
      <Tabs
        value={tab}
        onChange={(next) =>
          void navigate({
            to: '/integrations/$id/{-$tab}',
            params: { id: integration.id, tab: next && next !== 'overview' ? next : undefined },
            search: {},
          })
        }
        keepMounted={false}
        styles={{ list: { flexWrap: 'nowrap', overflowX: 'auto', overflowY: 'hidden' } }}
      >
        <Tabs.List aria-label="Parts of this integration" ref={list}>
          {tabs.map((each) => (
            <Tabs.Tab
              key={each.value}
              value={each.value}
              style={{ flexShrink: 0 }}
              rightSection={
                each.value === 'mailbox' && stats && stats.counts.mailbox > 0 ? (
                  <Badge size="sm" variant="filled" color="red.9">
                    {full(stats.counts.mailbox)}
                  </Badge>
                ) : null
              }
            >
              {each.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.some((each) => each.value === tab) && Panel ? (
          <Tabs.Panel value={tab} pt="md">
            <Suspense fallback={<Loading lines={8} />}>
              <Panel {...shown} />
            </Suspense>
          </Tabs.Panel>
        ) : (
          <NotFound />
        )}
      </Tabs>
    </Page>
  )
}
