import { Alert, Anchor, Group, List, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Cause } from '@/delivery/Cause'
import { splitCause } from '@/delivery/words'
import { type Standing, standingOf } from '@/integration/standing'
import { PageLink } from '@/link/PageLink'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { toneColor } from '@/text/State'
import type { Shown } from './data'
import classes from './One.module.css'
import { ReplayAll } from './ReplayAll'
import { settingTitle } from './settingTitle'

// Where what a warning is about can be changed.
const tabFor = (field: string): string =>
  field.startsWith('subscription') ? 'subscription' : field === 'kind' ? 'overview' : 'settings'

const titles: Partial<Record<Standing['word'], string>> = {
  disabled: 'The hub disabled it',
  retrying: 'It is tried again',
  refusing: 'Its receiver refuses what it gets',
}

const titleOf = (word: Standing['word']): string => titles[word] ?? 'It fails'

/**
 * WhatIsWrong says what keeps an integration from working, and what is allowed but probably not meant: whole, or in a line
 * that leads to the whole.
 */
export function WhatIsWrong({ whole, ...shown }: Shown & { whole: boolean }) {
  const { integration, stats, responder } = shown
  const standing = standingOf(integration, stats, responder)
  const failing = standing.tone === 'bad' || standing.word === 'retrying'
  const { warnings } = integration
  if (!failing && warnings.length === 0) return null
  if (!whole) return <InALine {...shown} standing={failing ? standing : undefined} />
  return (
    <>
      {failing && <Failing {...shown} standing={standing} />}
      {warnings.length > 0 && <Warnings {...shown} />}
    </>
  )
}

function Failing({ integration, stats, responder, standing }: Shown & { standing: Standing }) {
  const { word, why, tone } = standing
  return (
    <Alert
      color={tone === 'bad' ? 'red' : 'yellow'}
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={titleOf(word)}
      role="status"
    >
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={2} miw={0} flex="1 1 320px">
          <div>
            <Cause cause={why} size="sm" lines={4} />
          </div>
          {word === 'refusing' && (
            <Text size="sm" c="dimmed">
              That was the last delivery. It is in the mailbox: fix the cause, and replay it.
            </Text>
          )}
          {word === 'failing' && !responder && (
            <Text size="sm" c="dimmed">
              What waits goes out as soon as its receiver answers again; no attempt is spent meanwhile.
            </Text>
          )}
        </Stack>
        {stats && <ReplayAll integration={integration.id} n={stats.counts.mailbox} />}
      </Group>
    </Alert>
  )
}

function Warnings({ integration, connector }: Shown) {
  return (
    <Alert color="yellow" variant="light" icon={<IconInfoCircle aria-hidden />} py="xs">
      <List size="sm" spacing={2} listStyleType="none">
        {integration.warnings.map((each) => (
          <List.Item key={`${each.field} ${each.message}`}>
            <PageLink to={`/integrations/${integration.id}/${tabFor(each.field)}`} title={each.field}>
              {settingTitle(each.field, connector)}
            </PageLink>{' '}
            {each.message}
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}

function InALine({ integration, standing }: Shown & { standing: Standing | undefined }) {
  const { warnings } = integration
  const Picture = standing ? IconAlertTriangle : IconInfoCircle
  return (
    <div
      className={classes.wrong}
      role="status"
      style={{ '--tone': toneColor(standing?.tone ?? 'warn') } as React.CSSProperties}
    >
      <Picture size={16} aria-hidden />
      <Text size="sm" truncate className={classes.said}>
        {standing && (
          <>
            <b>{titleOf(standing.word)}</b> <EventText>{splitCause(standing.why).what}</EventText>
          </>
        )}
        {!standing && count(warnings.length, 'warning')}
      </Text>
      {standing && warnings.length > 0 && (
        <Text span size="xs" c="dimmed" visibleFrom="sm">
          {count(warnings.length, 'warning')}
        </Text>
      )}
      <Anchor
        renderRoot={(props) => (
          <Link to="/integrations/$id/{-$tab}" params={{ id: integration.id, tab: undefined }} {...props} />
        )}
        size="sm"
      >
        Details
      </Anchor>
    </div>
  )
}
