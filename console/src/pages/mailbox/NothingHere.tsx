import { Button } from '@mantine/core'
import { IconFilterOff, IconMailOpened, IconMoodCheck } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Empty } from '@/state/Empty'
import { boxNames, type MailboxSearch, narrowed } from './search'

/** NothingHere is an empty mailbox: good news, unless it is the filter that leaves nothing. */
export function NothingHere({ search }: { search: MailboxSearch }) {
  if (narrowed(search) > 0)
    return (
      <Empty
        icon={IconFilterOff}
        title="No delivery matches"
        text="Remove a filter. What was replayed or discarded meanwhile has left this list."
      >
        <Button
          renderRoot={(props) => <Link to="/mailbox" search={{ status: search.status }} {...props} />}
          variant="light"
        >
          Clear filters
        </Button>
      </Empty>
    )
  if (search.status)
    return (
      <Empty
        icon={IconMailOpened}
        title="Nothing here"
        text={`No delivery is in the state “${boxNames[search.status].toLowerCase()}”.`}
      />
    )
  return (
    <Empty
      icon={IconMoodCheck}
      title="Nothing failed for good"
      text="Every delivery arrived, or is still being tried. What a receiver refuses for good, or what runs out of attempts, is kept here for 30 days and can be replayed."
    >
      <Button component={Link} to="/deliveries" variant="light">
        Look at the deliveries
      </Button>
    </Empty>
  )
}
