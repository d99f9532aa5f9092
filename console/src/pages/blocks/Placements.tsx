import { Group, Text, Tooltip } from '@mantine/core'
import {
  IconAlertTriangleFilled,
  IconArrowBackUp,
  IconCheck,
  IconCircleCheckFilled,
  IconClock,
  IconCloudQuestion,
  IconDoorExit,
  IconHourglassEmpty,
  IconMinus,
  IconUmbrella,
} from '@tabler/icons-react'
import { splitCause } from '@/delivery/words'
import { toneColor } from '@/text/State'
import { visible } from '@/text/visible'
import { isFailing, type Placement, type PlacementState, placementMeanings } from './words'

// A picture for each, so that colour is not all that tells them apart.
const pictures: Record<PlacementState, typeof IconClock> = {
  requested: IconClock,
  applied: IconCheck,
  verified: IconCircleCheckFilled,
  failed: IconAlertTriangleFilled,
  drifted: IconCloudQuestion,
  covered: IconUmbrella,
  removing: IconHourglassEmpty,
  removed: IconMinus,
  expired: IconMinus,
  evicted: IconDoorExit,
}

/** PlacementMark shows where a block stands at a responder: picture, colour and word. */
export function PlacementMark({ state }: { state: PlacementState }) {
  const Picture = pictures[state] ?? IconArrowBackUp
  const meaning = placementMeanings[state]
  return (
    <Group gap={5} wrap="nowrap" display="inline-flex" style={{ color: toneColor(meaning.tone) }}>
      <Picture size={15} aria-hidden style={{ flexShrink: 0 }} />
      <Text span size="sm" fw={600} style={{ color: 'inherit' }}>
        {meaning.label}
      </Text>
    </Group>
  )
}

/** mostNamed is how many responders a line of a table names. */
const mostNamed = 2

/** Placements says in one line where a block stands: what fails first, with the responders' names. */
export function Placements({ placements }: { placements: readonly Placement[] }) {
  if (placements.length === 0) {
    return (
      <Text span size="sm" c="dimmed">
        nowhere yet
      </Text>
    )
  }
  const sorted = [...placements].sort((a, b) => Number(isFailing(b)) - Number(isFailing(a)))
  const shown = placements.length > mostNamed ? sorted.slice(0, 1) : sorted
  return (
    <div>
      {shown.map((placement) => (
        <One key={placement.integration} placement={placement} />
      ))}
      {placements.length > shown.length && (
        <Text size="xs" c="dimmed" title={sorted.map(inWords).join('\n')}>
          and {placements.length - shown.length} more: {tally(sorted.slice(shown.length))}
        </Text>
      )}
    </div>
  )
}

function One({ placement }: { placement: Placement }) {
  const meaning = placementMeanings[placement.state]
  const Picture = pictures[placement.state]
  return (
    <Tooltip
      multiline
      maw={360}
      label={placement.cause ? `${meaning.help} ${visible(splitCause(placement.cause).what)}` : meaning.help}
    >
      <Group gap={5} wrap="nowrap" lh={1.25} fz={13}>
        <Picture size={15} aria-hidden style={{ flexShrink: 0, color: toneColor(meaning.tone) }} />
        <Text span inherit truncate>
          {visible(placement.name || 'a deleted responder')}
        </Text>
        <Text span inherit fw={600} style={{ color: toneColor(meaning.tone), flexShrink: 0 }}>
          {meaning.label}
        </Text>
      </Group>
    </Tooltip>
  )
}

const inWords = (placement: Placement): string =>
  `${visible(placement.name || placement.integration)}: ${placementMeanings[placement.state].label}`

/** tally counts placements by their words: "2 verified, 1 desired". */
export function tally(placements: readonly { state: PlacementState }[]): string {
  const counts = new Map<string, number>()
  for (const { state } of placements) {
    const { label } = placementMeanings[state]
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  return [...counts].map(([label, n]) => `${n} ${label}`).join(', ')
}
