import { Anchor, Box, Button, Group, Text } from '@mantine/core'
import { IconRefresh, IconTrash } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { useActs } from '@/delivery/acts'
import { causeClass, splitCause } from '@/delivery/words'
import { IntegrationName } from '@/integration/IntegrationName'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { short } from '@/text/number'
import classes from './CauseList.module.css'
import { discardable, filterOf, type MailboxSearch, type Box as Place, replayable } from './search'

type Cause = Schemas['MailboxCause']

/** CauseList sums the mailbox up: what failed, where, how often, and what can be done about all of it. */
export function CauseList({ causes, search }: { causes: Cause[]; search: MailboxSearch }) {
  return (
    <ul className={classes.list} aria-label="Causes">
      {causes.map((cause) => (
        <Line
          key={`${cause.integration} ${cause.cause_class} ${cause.cause}`}
          cause={cause}
          search={search}
        />
      ))}
    </ul>
  )
}

function Line({ cause, search }: { cause: Cause; search: MailboxSearch }) {
  const { what, answer } = splitCause(cause.cause)
  const place: Place = search.status ?? 'mailbox'
  const narrow: MailboxSearch = {
    ...search,
    integration: cause.integration,
    cause_class: cause.cause_class || undefined,
    cause: cause.cause || undefined,
    list: cause.cause ? undefined : true,
  }
  return (
    <li className={classes.cause} data-calm={place === 'mailbox' ? undefined : true}>
      <div className={`${classes.count} numbers`} title={String(cause.count)}>
        {short(cause.count)}
      </div>
      <Box miw={0} className={classes.text}>
        <Anchor
          renderRoot={(props) => <Link to="/mailbox" search={narrow} {...props} />}
          className={classes.open}
          underline="never"
          c="inherit"
          fw={600}
          size="sm"
        >
          <EventText inherit lines={2}>
            {what || causeClass(cause.cause_class)}
          </EventText>
        </Anchor>
        {answer && (
          <EventText lines={1} className={classes.answer}>
            {answer}
          </EventText>
        )}
        <Text size="xs" c="dimmed" mt={4} component="div">
          <Dots>
            <Text span size="xs" fw={600} c="bright">
              <IntegrationName id={cause.integration} />
            </Text>
            {causeClass(cause.cause_class)}
            <span>
              {cause.count > 1 ? (
                <>
                  first <Ago time={cause.oldest} inherit />, last <Ago time={cause.newest} inherit />
                </>
              ) : (
                <Ago time={cause.newest} inherit />
              )}
            </span>
            <Anchor component={Link} to={`/deliveries/${cause.example}`} size="xs" className={classes.acts}>
              an example
            </Anchor>
          </Dots>
        </Text>
      </Box>
      <Acts cause={cause} narrow={narrow} place={place} />
    </li>
  )
}

function Acts({ cause, narrow, place }: { cause: Cause; narrow: MailboxSearch; place: Place }) {
  const allowed = useCan('deliveries:write')
  const { replayAll, discard } = useActs()
  if (!allowed) return null
  const selected = { filter: filterOf(narrow) }
  return (
    <Group gap="xs" className={classes.acts} wrap="nowrap">
      {replayable(place) && (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconRefresh size={14} aria-hidden />}
          onClick={() => replayAll(selected, cause.count, 'Is the cause fixed?')}
        >
          Replay all
        </Button>
      )}
      {discardable(place) && (
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          leftSection={<IconTrash size={14} aria-hidden />}
          onClick={() => discard(selected, cause.count)}
        >
          Discard
        </Button>
      )}
    </Group>
  )
}
