import { Alert, List, Text } from '@mantine/core'
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type Standing, standingOf } from '@/integration/standing'
import { EventText } from '@/text/EventText'
import type { Shown } from './data'

// Where what a warning is about can be changed.
const tabFor = (field: string): string =>
  field.startsWith('subscription') ? 'subscription' : field === 'kind' ? 'overview' : 'settings'

const titles: Partial<Record<Standing['word'], string>> = {
  disabled: 'The hub disabled it',
  retrying: 'It is tried again',
  refusing: 'Its receiver refuses what it gets',
}

/** WhatIsWrong says what keeps an integration from working, and what is allowed but probably not meant. */
export function WhatIsWrong({ integration, stats, responder }: Shown) {
  const { word, why, tone } = standingOf(integration, stats, responder)
  const failing = tone === 'bad' || word === 'retrying'
  const { warnings } = integration
  if (!failing && warnings.length === 0) return null
  return (
    <>
      {failing && (
        <Alert
          color={tone === 'bad' ? 'red' : 'yellow'}
          variant="light"
          icon={<IconAlertTriangle aria-hidden />}
          title={titles[word] ?? 'It fails'}
          role="status"
        >
          <Text size="sm">
            <EventText>{why}</EventText>
          </Text>
          {word === 'refusing' && (
            <Text size="sm" c="dimmed">
              That was the last delivery. It is in the mailbox: mend the cause, and replay it.
            </Text>
          )}
          {word === 'failing' && !responder && (
            <Text size="sm" c="dimmed">
              What waits goes out as soon as its receiver answers again; no attempt is spent meanwhile.
            </Text>
          )}
        </Alert>
      )}
      {warnings.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconInfoCircle aria-hidden />} py="xs">
          <List size="sm" spacing={2} listStyleType="none">
            {warnings.map((each) => (
              <List.Item key={`${each.field} ${each.message}`}>
                <Link
                  to="/integrations/$id/{-$tab}"
                  params={{ id: integration.id, tab: tabFor(each.field) }}
                  className="mono"
                >
                  {each.field}
                </Link>{' '}
                {each.message}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
    </>
  )
}
