import { Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { visible } from '@/text/visible'
import { Because } from '../Because'
import { BlockMark } from '../BlockMark'
import { Placements } from '../Placements'
import { Until } from '../Until'
import type { Block } from '../words'

/** blockColumns are the columns of the list. */
export const blockColumns: Column<Block>[] = [
  {
    id: 'target',
    header: 'Target',
    width: 'minmax(150px, 190px)',
    cell: (block) => <Target block={block} />,
  },
  { id: 'state', header: 'State', width: '148px', cell: (block) => <BlockMark state={block.state} /> },
  {
    id: 'where',
    header: 'Responders',
    width: 'minmax(190px, 1fr)',
    cell: (block) => <Placements placements={block.placements} />,
  },
  { id: 'why', header: 'Reason', width: 'minmax(200px, 1.6fr)', cell: (block) => <Why block={block} /> },
  { id: 'who', header: 'Requested by', width: '150px', cell: (block) => <Who block={block} /> },
  { id: 'until', header: 'Expires', width: '158px', cell: (block) => <Until block={block} /> },
]

function Target({ block }: { block: Block }) {
  return (
    <Anchor
      component={Link}
      to={`/blocks/${block.id}` as string}
      className="mono"
      fw={600}
      c="inherit"
      title={block.target}
    >
      {block.target}
    </Anchor>
  )
}

function Why({ block }: { block: Block }) {
  const because = Object.values(block.evidence).some(Boolean) || block.rule
  return (
    <div>
      <Text size="sm" truncate lh={1.3} title={visible(block.reason)}>
        {block.reason ? (
          <EventText>{block.reason}</EventText>
        ) : (
          <Text span c="dimmed" inherit>
            no reason given
          </Text>
        )}
      </Text>
      {because && (
        <Text size="xs" lh={1.3} component="div">
          <Because block={block} />
        </Text>
      )}
    </div>
  )
}

function Who({ block }: { block: Block }) {
  return (
    <div>
      <Text size="sm" truncate lh={1.3}>
        <EventText inherit>{block.requester.name || whoName(block.requester)}</EventText>
      </Text>
      <Text size="xs" c="dimmed" lh={1.3}>
        {kinds[block.requester.kind] ? `${kinds[block.requester.kind]} · ` : ''}
        <Ago time={block.created_at} />
      </Text>
    </div>
  )
}

// What those who are no people are called.
const kinds: Record<string, string> = {
  key: 'API key',
  rule: 'rule',
  local: 'command line',
  system: 'Tocsin',
  integration: 'vendor',
}

/** whoName names somebody: a person by name, others with what they are. */
export function whoName(who: { kind: string; name?: string; id?: string } | undefined): string {
  if (!who) return '–'
  const kind = kinds[who.kind]
  const name = who.name || who.id || ''
  if (!kind) return name || who.kind
  return name ? `${name} (${kind})` : kind
}

/** BlockCard is a block on a small screen. */
export function BlockCard({ block }: { block: Block }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Target block={block} />
        <BlockMark state={block.state} />
      </Group>
      <Placements placements={block.placements} />
      <Why block={block} />
      <Group justify="space-between" wrap="nowrap" gap="xs" align="flex-start">
        <Who block={block} />
        <div style={{ textAlign: 'right', minWidth: 0 }}>
          <Until block={block} />
        </div>
      </Group>
    </Stack>
  )
}
