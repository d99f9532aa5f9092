import { Button } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useActs } from '@/delivery/acts'
import { useCan } from '@/session/me'
import { full } from '@/text/number'

/** ReplayAll sends again what an integration has in the mailbox, after a question; n is how many those are. */
export function ReplayAll({ integration, n }: { integration: string; n: number }) {
  const allowed = useCan('deliveries:write')
  const { replayAll } = useActs()
  if (!allowed || n === 0) return null
  return (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconRefresh size={15} aria-hidden />}
      onClick={() => replayAll({ filter: { integration } }, n, 'Is the cause mended?')}
    >
      Replay {full(n)}
    </Button>
  )
}
