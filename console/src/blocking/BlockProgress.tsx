import { Alert, Button, Group, Loader, Stack, Text } from '@mantine/core'
import { IconArrowBackUp, IconCircleCheck, IconClock, IconUserCheck } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { Cause } from '@/delivery/Cause'
import { PageLink } from '@/link/PageLink'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { State } from '@/text/State'
import classes from './BlockPlan.module.css'
import { type Standing, standing } from './standing'

/** BlockProgress shows where a block stands at each responder, live, until it is proven; and lets it be undone. */
export function BlockProgress({ asked, close }: { asked: Schemas['BlockAsked']; close: () => void }) {
  const queries = useQueryClient()
  const [undoing, setUndoing] = useState(false)
  const params = { params: { path: { id: asked.id ?? '' } } }
  useLiveRefresh(['block'], ['get', '/api/v1/blocks/{id}', params])
  const read = $api.useQuery('get', '/api/v1/blocks/{id}', params, {
    enabled: Boolean(asked.id),
    staleTime: 0,
  })
  const block: Schemas['Block'] = read.data ?? asked
  const undo = async () => {
    setUndoing(true)
    try {
      const { data } = await api.DELETE('/api/v1/blocks/{id}', {
        params: { path: { id: block.id ?? '' }, query: { reason: 'Undone by its requester' } },
      })
      queries.setQueryData(['get', '/api/v1/blocks/{id}', params], data)
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/blocks'] })
    } catch (thrown) {
      failed('Undoing the block', thrown)
    } finally {
      setUndoing(false)
    }
  }
  return (
    <Stack gap="sm">
      <Verdict block={block} merged={asked.outcome === 'merged'} />
      {block.placements.map((each) => (
        <Placement key={each.integration} placement={each} />
      ))}
      <Group justify="space-between">
        <Text size="sm" component="span">
          <PageLink underline="hover" to={`/blocks/${block.id}`}>
            Open the block
          </PageLink>
        </Text>
        <Group gap="xs">
          {!block.ended_at && (
            <Button
              variant="default"
              leftSection={<IconArrowBackUp size={16} aria-hidden />}
              loading={undoing}
              onClick={() => void undo()}
            >
              {block.state === 'pending_approval' ? 'Withdraw' : 'Undo (unblock)'}
            </Button>
          )}
          <Button onClick={close} data-autofocus>
            Done
          </Button>
        </Group>
      </Group>
    </Stack>
  )
}

const pictures: Record<Standing, { color: string; icon: React.ReactNode; title: string }> = {
  proven: {
    color: 'bell',
    icon: <IconCircleCheck aria-hidden />,
    title: 'Blocked, and verified everywhere',
  },
  going: { color: 'blue', icon: <Loader size={18} />, title: 'The responders are applying it' },
  trouble: { color: 'red', icon: <IconClock aria-hidden />, title: 'Not everywhere yet; retrying' },
  pending: {
    color: 'yellow',
    icon: <IconUserCheck aria-hidden />,
    title: 'Waiting for approval',
  },
  leaving: { color: 'blue', icon: <Loader size={18} />, title: 'Unblocked; the responders are removing it' },
  gone: { color: 'gray', icon: <IconCircleCheck aria-hidden />, title: 'Unblocked, and gone everywhere' },
}

function Verdict({ block, merged }: { block: Schemas['Block']; merged: boolean }) {
  const { color, icon, title } = pictures[standing(block)]
  return (
    <Alert
      color={color}
      variant="light"
      icon={icon}
      title={title}
      classNames={{ title: classes.verdict }}
      role="status"
    >
      <Text size="sm">
        <span className="mono">{block.target}</span>
        {block.ended_at ? '' : ' '}
        {!block.ended_at &&
          (block.expires_at ? (
            <>
              until <When time={block.expires_at} inherit />
            </>
          ) : block.state === 'active' ? (
            'for good'
          ) : (
            `for ${block.ttl}`
          ))}
        {merged && '. It was blocked already, and now lasts until whichever is later'}.
      </Text>
      {block.cause && (
        <Text size="sm" component="div">
          <Cause cause={block.cause} lines={4} />
        </Text>
      )}
    </Alert>
  )
}

/** Placement is where a block stands at one responder. */
function Placement({ placement }: { placement: Schemas['BlockPlacement'] }) {
  return (
    <Group className={classes.placement} justify="space-between" gap="xs">
      <Group gap="xs">
        <Text size="sm" fw={600}>
          <EventText>{placement.name ?? placement.integration}</EventText>
        </Text>
        <State value={placement.state} tone={placement.state === 'covered' ? 'good' : undefined} />
      </Group>
      <Text size="xs" c="dimmed">
        {placement.verified_at && placement.state === 'verified' ? 'read back ' : ''}
        <Ago time={placement.since} inherit />
      </Text>
      {placement.cause && (
        <Text size="xs" c="dimmed" w="100%" component="div">
          <Cause cause={placement.cause} lines={4} />
        </Text>
      )}
    </Group>
  )
}
