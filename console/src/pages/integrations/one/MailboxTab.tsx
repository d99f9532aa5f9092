import { Button } from '@mantine/core'
import { IconArrowRight, IconMailCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { $api } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Panel } from '@/page/Panel'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { DeliveryLines } from './DeliveryLines'
import type { Shown } from './data'

/** few is how many lines are shown; the mailbox's own page has all. */
const few = 20

/** MailboxTab shows what failed for good. It is replayed on the mailbox's own page. */
export function MailboxTab({ integration }: Shown) {
  useLiveRefresh(['mailbox', 'delivery'], ['get', '/api/v1/mailbox'])
  const mailbox = $api.useQuery('get', '/api/v1/mailbox', {
    params: { query: { integration: integration.id, limit: few } },
  })
  return (
    <Panel
      flush
      title="Failed for good"
      actions={
        <Button
          component={Link}
          to={'/mailbox' as string}
          search={{ integration: integration.id } as never}
          size="compact-sm"
          variant="light"
          rightSection={<IconArrowRight size={14} aria-hidden />}
        >
          Replay or discard
        </Button>
      }
    >
      <Loaded query={mailbox}>
        {(data) =>
          data.items.length > 0 ? (
            <DeliveryLines deliveries={data.items} label="The mailbox of this integration" />
          ) : (
            <Empty
              icon={IconMailCheck}
              title="The mailbox is empty"
              text="What is refused for good, or runs out of attempts, is kept here with its cause."
            />
          )
        }
      </Loaded>
    </Panel>
  )
}
