import { Anchor, Group } from '@mantine/core'
import { IconBell, IconFlame, IconRobot, IconTimelineEvent } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Block } from './words'

/** Because leads to what a block was asked for because of: the alert, incident, event, and the rule. */
export function Because({ block }: { block: Pick<Block, 'evidence' | 'rule'> }) {
  const { alert, incident, event } = block.evidence
  const links = [
    alert && { to: `/alerts/${alert}`, label: 'alert', icon: IconBell },
    incident && { to: `/incidents/${incident}`, label: incident, icon: IconFlame },
    event && { to: `/events/${event}`, label: 'event', icon: IconTimelineEvent },
    block.rule && { to: `/blocks/rules/${block.rule}`, label: 'rule', icon: IconRobot },
  ].filter((link) => !!link)
  if (links.length === 0) return null
  return (
    <Group gap={8} wrap="nowrap" display="inline-flex">
      {links.map(({ to, label, icon: Picture }) => (
        <Anchor key={to} component={Link} to={to as string} size="xs">
          <Picture size={12} aria-hidden style={{ verticalAlign: '-1px', marginInlineEnd: 3 }} />
          {label}
        </Anchor>
      ))}
    </Group>
  )
}
