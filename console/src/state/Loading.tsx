import { Skeleton, Stack, Text } from '@mantine/core'
import { useTimeout } from '@mantine/hooks'
import { useState } from 'react'

/** usual is how long loading takes before it says that it is still at it, in milliseconds. */
const usual = 10_000

/** Loading holds the place of so many lines until they are there, so that nothing jumps. When it takes long, it says so. */
export function Loading({ lines = 6, height = 20 }: { lines?: number; height?: number }) {
  const [long, setLong] = useState(false)
  useTimeout(() => setLong(true), usual, { autoInvoke: true })
  return (
    <Stack gap="sm" p="md" aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same and never move
        <Skeleton key={i} height={height} width={`${96 - ((i * 17) % 40)}%`} radius="sm" />
      ))}
      {long && (
        <Text size="sm" c="dimmed">
          This takes longer than usual.
        </Text>
      )}
    </Stack>
  )
}
