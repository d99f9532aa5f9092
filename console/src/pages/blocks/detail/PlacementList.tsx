import { Anchor, Box, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Cause } from '@/delivery/Cause'
import { Panel } from '@/page/Panel'
import { Ago } from '@/text/Ago'
import { visible } from '@/text/visible'
import { PlacementMark, tally } from '../Placements'
import { type Block, isFailing, type Placement, placementMeanings } from '../words'
import classes from './PlacementList.module.css'
import { Stages } from './Stages'

/** PlacementList says for each responder where the block stands there, and why. */
export function PlacementList({ block }: { block: Block }) {
  return (
    <Panel
      title="Responders"
      actions={
        block.placements.length > 1 && (
          <Text size="xs" c="dimmed">
            {tally(block.placements)}
          </Text>
        )
      }
    >
      {block.placements.length === 0 ? (
        <Text size="sm" c="dimmed">
          {block.state === 'pending_approval'
            ? 'Nothing happens until somebody approves it.'
            : 'It never reached a responder.'}
        </Text>
      ) : (
        <Stack gap="sm">
          {block.placements.map((placement) => (
            <One key={placement.integration} placement={placement} />
          ))}
        </Stack>
      )}
    </Panel>
  )
}

function One({ placement }: { placement: Placement }) {
  const meaning = placementMeanings[placement.state]
  return (
    <Box className={classes.one} data-failing={isFailing(placement) || undefined}>
      <Group justify="space-between" gap="xs">
        <Group gap={6} miw={0}>
          <Anchor component={Link} to={`/integrations/${placement.integration}` as string} size="sm" fw={600}>
            {visible(placement.name || 'a deleted responder')}
          </Anchor>
          <Text size="xs" c="dimmed">
            {placement.kind}
          </Text>
        </Group>
        <PlacementMark state={placement.state} />
      </Group>
      <Stages placement={placement} />
      <Text size="xs" c="dimmed">
        {meaning.help} Since <Ago time={placement.since} inherit />.
      </Text>
      {placement.cause && (
        <Text
          size="sm"
          component="div"
          style={isFailing(placement) ? { color: 'var(--tocsin-bad)' } : undefined}
        >
          <Cause cause={placement.cause} lines={4} />
        </Text>
      )}
      {placement.covered_by && (
        <Anchor component={Link} to={`/blocks/${placement.covered_by}` as string} size="xs">
          The wider block that stands for it
        </Anchor>
      )}
      {(placement.attempts ?? 0) > 0 && (
        <Text size="xs" c="dimmed">
          {placement.attempts === 1 ? 'One attempt failed' : `${placement.attempts} attempts in a row failed`}
          {placement.due_at && (
            <>
              ; it is tried again <Ago time={placement.due_at} inherit />
            </>
          )}
        </Text>
      )}
    </Box>
  )
}
