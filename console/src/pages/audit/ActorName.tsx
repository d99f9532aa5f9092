import { Group, Text, Tooltip } from '@mantine/core'
import { IconKey, IconPlugConnected, IconServer, IconTerminal2, IconUser } from '@tabler/icons-react'
import { EventText } from '@/text/EventText'
import { type Act, kindOf, nameOf } from './act'

const pictures: Record<string, typeof IconUser> = {
  key: IconKey,
  user: IconUser,
  local: IconTerminal2,
  system: IconServer,
  integration: IconPlugConnected,
}

/** ActorName names who acted, with a picture of what sort of actor it is. */
export function ActorName({ actor }: { actor: Act['actor'] }) {
  const Picture = pictures[actor.kind] ?? IconUser
  return (
    <Group gap={6} wrap="nowrap" miw={0}>
      <Tooltip label={kindOf(actor)}>
        <Picture size={15} aria-label={kindOf(actor)} style={{ flexShrink: 0 }} />
      </Tooltip>
      <Text span inherit truncate>
        <EventText inherit>{nameOf(actor)}</EventText>
      </Text>
    </Group>
  )
}
