import { Anchor, Badge, Button, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { BlockedChip } from '@/blocking/BlockedChip'
import { isAddress } from '@/blocking/candidates'
import { useOpenBlocks } from '@/blocking/useOpenBlocks'
import { useUnblock } from '@/blocking/useUnblock'
import { entityPicture } from '@/entity/picture'
import { useCan } from '@/session/me'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { visible } from '@/text/visible'
import type { Alert } from '../matches'
import classes from './drawer.module.css'

type Entity = Schemas['Entity']

/** Entities are what an alert is about; of an address it says whether it is blocked. */
export function Entities({ alert }: { alert: Alert }) {
  const entities = alert.entities ?? []
  const blocks = useOpenBlocks(entities.filter(isAddress).map(({ value }) => value))
  if (entities.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Its events name nothing that it is about.
      </Text>
    )
  return entities.map((entity) => (
    <OneEntity
      key={`${entity.type} ${entity.value} ${entity.role ?? ''}`}
      entity={entity}
      block={isAddress(entity) ? blocks.of(entity.value) : undefined}
    />
  ))
}

function OneEntity({ entity, block }: { entity: Entity; block: Schemas['Block'] | undefined }) {
  const { type, value, role, observed } = entity
  const Picture = entityPicture(type)
  return (
    <div className={classes.entity}>
      <Picture size={16} aria-hidden style={{ flexShrink: 0 }} />
      <div className={classes.entityValue}>
        <EventText className="mono">{value}</EventText>
        <Text size="xs" c="dimmed">
          <EventText>{[type, role].filter(Boolean).join(', ')}</EventText>
        </Text>
      </div>
      {observed && (
        <Badge
          size="sm"
          radius="sm"
          variant="light"
          tt="none"
          title="A sensor saw it; it does not merely stand in a text"
        >
          observed
        </Badge>
      )}
      <Text size="xs" component="span">
        <Anchor
          component={Link}
          to="/alerts"
          search={{ status: 'all', entity: `${type}:${value}` } as never}
          inherit
          aria-label={`All alerts about ${visible(value).slice(0, 100)}`}
        >
          All alerts
        </Anchor>
      </Text>
      <Copy text={value} what="the value" />
      {block && <Blocked block={block} />}
    </div>
  )
}

/** Blocked says that an address is blocked, or is to be, and lets that be ended. */
function Blocked({ block }: { block: Schemas['Block'] }) {
  const mayBlock = useCan('blocks:write')
  const end = useUnblock()
  const verb = block.state === 'pending_approval' ? 'Withdraw' : 'Unblock'
  return (
    <Group gap={6} className={classes.response}>
      <BlockedChip block={block} />
      {mayBlock && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${verb} ${block.target}`}
          onClick={() => end(block)}
        >
          {verb}
        </Button>
      )}
    </Group>
  )
}
