import { Group, SimpleGrid, Text } from '@mantine/core'
import { Cause } from '@/delivery/Cause'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { Ago, When } from '@/text/Ago'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { Facts } from '@/text/Facts'
import { Identifier } from '@/text/Identifier'
import { Because } from '../Because'
import { BlockMark } from '../BlockMark'
import { KilledNotice } from '../frame/BlocksFrame'
import { whoName } from '../list/columns'
import { blockRoute } from '../route'
import { lasting } from '../Until'
import { type Block, isOpen } from '../words'
import { Actions } from './Actions'
import { Approval } from './Approval'
import { History } from './History'
import { PlacementList } from './PlacementList'
import { useBlock } from './useBlock'

/** BlockPage is one block: where it stands, why, what happened to it, and what can be done. */
export function BlockPage() {
  const { id } = blockRoute.useParams()
  const { block, history } = useBlock(id)
  const title = block.data ? `Block of ${block.data.target}` : 'Block'
  return (
    <Page
      title={title}
      head={block.data ? <Head block={block.data} /> : 'Block'}
      back={{ to: '/blocks', label: 'Blocks' }}
      actions={block.data && <Actions block={block.data} />}
    >
      <KilledNotice />
      <Loaded query={block} lines={8}>
        {(data) => (
          <>
            {data.state === 'pending_approval' && <Approval block={data} />}
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" style={{ alignItems: 'start' }}>
              <Panel title="Details">
                <About block={data} />
              </Panel>
              <PlacementList block={data} />
            </SimpleGrid>
            <Panel title="History" flush>
              <Loaded query={history} lines={5}>
                {(list) => <History steps={list.items} />}
              </Loaded>
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  )
}

function Head({ block }: { block: Block }) {
  return (
    <Group gap="xs">
      <span className="mono" style={{ overflowWrap: 'anywhere' }}>
        {block.target}
      </span>
      <Copy text={block.target} what="the target" />
      <BlockMark state={block.state} />
    </Group>
  )
}

function About({ block }: { block: Block }) {
  const because = Object.values(block.evidence).some(Boolean) || block.rule
  return (
    <Facts
      facts={[
        [
          'Reason',
          block.reason ? (
            <EventText key="reason" inherit>
              {block.reason}
            </EventText>
          ) : (
            <Text key="reason" span c="dimmed" inherit>
              none given
            </Text>
          ),
        ],
        // Why it waits is said above, where it is decided.
        block.cause && block.state !== 'pending_approval'
          ? [
              'State',
              <Group key="state" gap={8}>
                <BlockMark state={block.state} />
                <span>
                  <Cause cause={block.cause} inherit />
                </span>
              </Group>,
            ]
          : undefined,
        because ? ['Evidence', <Because key="because" block={block} />] : undefined,
        [
          'Requested by',
          <span key="who">
            <EventText inherit>{whoName(block.requester)}</EventText>, <Ago time={block.created_at} />
          </span>,
        ],
        block.decider
          ? [
              block.ended_at ? 'Ended by' : 'Decided by',
              <EventText key="by" inherit>
                {whoName(block.decider)}
              </EventText>,
            ]
          : undefined,
        ['Duration', lasting(block)],
        block.active_at ? ['Active since', <When key="since" time={block.active_at} />] : undefined,
        block.ended_at
          ? ['Ended', <Both key="ended" time={block.ended_at} />]
          : isOpen(block) && block.state === 'active'
            ? ['Ends', block.expires_at ? <Both key="ends" time={block.expires_at} /> : 'never']
            : undefined,
        ['Id', <Identifier key="id" value={block.id ?? ''} />],
      ]}
    />
  )
}

/** Both says a time from now and exactly. */
export function Both({ time }: { time: string | undefined }) {
  return (
    <span>
      <Ago time={time} />{' '}
      <Text span c="dimmed" size="xs">
        (<When time={time} inherit />)
      </Text>
    </span>
  )
}
