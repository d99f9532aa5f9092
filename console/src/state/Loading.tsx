import { Skeleton, Stack } from '@mantine/core'

/** Loading holds the place of so many lines until they are there, so that nothing jumps. */
export function Loading({ lines = 6, height = 20 }: { lines?: number; height?: number }) {
  return (
    <Stack gap="sm" p="md" aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same and never move
        <Skeleton key={i} height={height} width={`${96 - ((i * 17) % 40)}%`} radius="sm" />
      ))}
    </Stack>
  )
}
