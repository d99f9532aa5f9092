import { Text } from '@mantine/core'
import { ttlWords } from '@/blocking/duration'
import { Ago } from '@/text/Ago'
import { exact } from '@/text/time'
import type { Block } from './words'

/** Until says when a block ends or ended, or until when it may be approved: from now, and exactly. */
export function Until({ block }: { block: Block }) {
  const { word, time } = endOf(block)
  if (!time) {
    return (
      <Text span size="sm">
        {block.state === 'active' ? 'permanent' : '–'}
      </Text>
    )
  }
  return (
    <div>
      <Text size="sm" lh={1.3} truncate>
        {word && `${word} `}
        <Ago time={time} />
      </Text>
      <Text size="xs" c="dimmed" lh={1.3} className="numbers" truncate>
        {exact(time)}
      </Text>
    </div>
  )
}

/** endOf is the time that matters of a block, and the word before it. */
export function endOf(block: Block): { word: string; time: string | undefined } {
  if (block.state === 'active') return { word: '', time: block.expires_at }
  if (block.state === 'pending_approval') return { word: 'lapses', time: block.approve_by }
  return { word: '', time: block.ended_at }
}

/** lasting says how long a block lasts, in words: "for 24 hours", "for good". */
export const lasting = (block: Pick<Block, 'ttl'>): string =>
  block.ttl === 'permanent' ? 'for good' : `for ${ttlWords(block.ttl)}`
