import { Badge, Button, Group, Text } from '@mantine/core'
import { useState } from 'react'
import type { Schemas } from '@/api/client'
import { BlockDialog } from '@/blocking/BlockDialog'
import { BlockedChip } from '@/blocking/BlockedChip'
import { isAddress } from '@/blocking/candidates'
import { useOpenBlocks } from '@/blocking/useOpenBlocks'
import { useUnblock } from '@/blocking/useUnblock'
import { PageLink } from '@/link/PageLink'
import { useCan } from '@/session/me'
import { Copy } from '@/text/Copy'
import { EventText } from '@/text/EventText'
import { visible } from '@/text/visible'
import classes from './EntityLines.module.css'
import { entityPicture } from './picture'

type Entity = Schemas['Entity']

interface Because {
  /** alert or event is the id of what the entities are of: a block is made because of it. */
  alert?: string
  event?: string
}

/** EntityLines are what an alert or an event is about, with what can be done with each; of an address, whether it is blocked. */
export function EntityLines({ entities, ...because }: { entities: readonly Entity[] } & Because) {
  const blocks = useOpenBlocks(entities.filter(isAddress).map(({ value }) => value))
  const [blocking, setBlocking] = useState<Entity>()
  if (entities.length === 0)
    return (
      <Text size="sm" c="dimmed">
        It names no entity.
      </Text>
    )
  return (
    <>
      <ul className={classes.lines}>
        {entities.map((entity) => (
          <EntityLine
            key={`${entity.type} ${entity.value} ${entity.role ?? ''}`}
            entity={entity}
            block={isAddress(entity) ? blocks.of(entity.value) : undefined}
            ask={() => setBlocking(entity)}
          />
        ))}
      </ul>
      {blocking && (
        // What merely stands in a text is no evidence: such a block is somebody's own decision.
        <BlockDialog
          target={blocking.value}
          {...(blocking.observed ? because : {})}
          onDone={() => setBlocking(undefined)}
        />
      )}
    </>
  )
}

interface LineProps {
  entity: Entity
  block: Schemas['Block'] | undefined
  ask: () => void
}

function EntityLine({ entity, block, ask }: LineProps) {
  const { type, value, role, observed } = entity
  const mayBlock = useCan('blocks:write')
  const mayAlerts = useCan('alerts:read')
  const Picture = entityPicture(type)
  const named = visible(value).slice(0, 100)
  return (
    <li className={classes.line}>
      <Picture size={16} aria-hidden style={{ flexShrink: 0 }} />
      <div className={classes.value}>
        <EventText className="mono">{value}</EventText>
        <Text size="xs" c="dimmed">
          <EventText>{[type, role].filter(Boolean).join(', ')}</EventText>
        </Text>
      </div>
      <div className={classes.acts}>
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
        {mayAlerts && (
          <PageLink
            underline="hover"
            to="/alerts"
            search={{ status: 'all', entity: `${type}:${value}` }}
            size="xs"
            aria-label={`All alerts about ${named}`}
          >
            All alerts
          </PageLink>
        )}
        {mayBlock && isAddress(entity) && !block && (
          <Button size="compact-xs" variant="default" aria-label={`Block ${named}`} onClick={ask}>
            Block…
          </Button>
        )}
        <Copy text={value} what="the value" />
      </div>
      {block && <Blocked block={block} />}
    </li>
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
