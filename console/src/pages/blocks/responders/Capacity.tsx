import { Group, Progress, Stack, Text } from '@mantine/core'
import { full } from '@/text/number'
import { toneColor } from '@/text/State'
import { usePolicy } from '../policy/usePolicy'
import { fullnessOf } from './ranges'
import type { Responder } from './useResponders'

/** defaultShare is the policy's share of a capacity as long as the policy has not been read. */
const defaultShare = 0.8

/** Capacity shows how full a responder is, how far blocks may fill it, and what happens then. */
export function Capacity({ responder }: { responder: Responder }) {
  const { data: policy } = usePolicy()
  const most = policy?.max_share ?? defaultShare
  const fullness = fullnessOf(responder, most)
  const { used, ours, capacity } = responder
  return (
    <Stack gap={4}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="numbers">
          {!responder.ready ? (
            'Not known yet how full it is'
          ) : (
            <>
              <b>{full(used)}</b>
              {capacity ? ` of ${full(capacity)}` : ''} entries used
              <Text span size="xs" c="dimmed">
                {' '}
                {full(ours)} by Tocsin
              </Text>
            </>
          )}
        </Text>
        <Text size="sm" fw={600} style={fullness && { color: toneColor(fullness.tone) }}>
          {responder.ready && (fullness?.words ?? 'no limit known')}
        </Text>
      </Group>
      <Progress.Root size="md" pos="relative" style={{ overflow: 'visible' }}>
        <Progress.Section
          value={fullness?.percent ?? 0}
          color={toneColor(fullness?.tone ?? 'good')}
          aria-label="How full it is"
          style={{ borderRadius: 4, minWidth: fullness && used > 0 ? 4 : 0 }}
        />
        {fullness && (
          <span
            aria-hidden
            style={{
              position: 'absolute',
              insetInlineStart: `${100 * most}%`,
              insetBlock: -3,
              width: 2,
              background: 'var(--mantine-color-dimmed)',
            }}
          />
        )}
      </Progress.Root>
      {fullness && policy && (
        <Text size="xs" c="dimmed">
          From {Math.round(100 * most)} % on, new blocks{' '}
          {policy.on_breach === 'refuse' ? 'are refused' : 'wait for approval'}. When it is full,{' '}
          {policy.evict ? 'the block that ends first makes room.' : 'what does not fit fails, and says so.'}
        </Text>
      )}
    </Stack>
  )
}
