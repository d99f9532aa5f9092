import { ActionIcon, Anchor, Button, Group, Text, Tooltip } from '@mantine/core'
import { IconPlus, IconX } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { placeOfFocus } from '@/act/focus'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Failure } from '@/state/Failure'
import { Loading } from '@/state/Loading'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { Severity } from '@/text/Severity'
import { State } from '@/text/State'
import { visible } from '@/text/visible'
import { AddAlerts } from './AddAlerts'
import type { Incident } from './columns'
import classes from './incidents.module.css'
import { type IncidentAlert, incidentAlertsPath, useIncidentAlerts } from './useIncidentAlerts'

interface Props {
  incident: Incident
  mayWrite: boolean
  again: () => Promise<void>
}

/** IncidentAlerts are the alerts under an incident; others can be put under it, and each can be taken out. */
export function IncidentAlerts({ incident, mayWrite, again }: Props) {
  const number = incident.id
  const [adding, setAdding] = useState(false)
  const list = useIncidentAlerts(number)
  const link = (id: string) =>
    api.POST(incidentAlertsPath, { params: { path: { number } }, body: { alerts: [id] } })
  const giveBack = useRef<() => void>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus is lost when the lines change
  useEffect(() => giveBack.current?.(), [list.rows])
  const takeOut = async ({ id }: IncidentAlert) => {
    giveBack.current = placeOfFocus()
    try {
      await api.DELETE('/api/v1/incidents/{number}/alerts/{id}', { params: { path: { number, id } } })
      await again()
      done('The alert was removed from the incident.', async () => {
        await link(id)
        await again()
      })
    } catch (thrown) {
      failed('Removing the alert', thrown)
    }
  }
  const closed = incident.status === 'closed'
  return (
    <Panel
      flush
      title={`Alerts (${incident.alerts_count})`}
      actions={
        <Group gap="xs">
          <Text size="xs" component="span">
            <Anchor
              component={Link}
              to="/alerts"
              search={{ status: 'all', incident: number } as never}
              inherit
            >
              Open in the queue
            </Anchor>
          </Text>
          {mayWrite && !closed && (
            <Button
              size="compact-xs"
              variant="default"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() => setAdding(true)}
            >
              Add
            </Button>
          )}
        </Group>
      }
    >
      {list.loading && <Loading lines={3} />}
      {list.error ? <Failure error={list.error} retry={list.retry} /> : null}
      {!list.loading && !list.error && list.rows.length === 0 && (
        <Text size="sm" c="dimmed" px="md" pb="md">
          No alerts yet.
        </Text>
      )}
      <div>
        {list.rows.map((alert) => (
          <div key={alert.id} className={classes.line} data-line>
            <Severity value={alert.severity} compact />
            <div className={classes.grow}>
              <PageLink to={`/alerts/${alert.id}`} className={classes.one} underline="hover">
                <EventText>{alert.title.slice(0, 300) || alert.id}</EventText>
              </PageLink>
              <Text size="xs" c="dimmed" truncate>
                {visible([alert.source, alert.project].filter(Boolean).join(' · ')).slice(0, 120)} ·{' '}
                {count(alert.count, 'event')} · <Ago time={alert.last_seen} inherit />
              </Text>
            </div>
            <State value={alert.status} />
            {mayWrite && !closed && (
              <Tooltip label="Remove from the incident">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Remove “${visible(alert.title).slice(0, 80)}”`}
                  onClick={() => void takeOut(alert)}
                >
                  <IconX size={16} aria-hidden />
                </ActionIcon>
              </Tooltip>
            )}
          </div>
        ))}
      </div>
      {list.hasMore && (
        <Button variant="subtle" size="xs" fullWidth loading={list.loadingMore} onClick={list.loadMore}>
          Show more
        </Button>
      )}
      {adding && <AddAlerts incident={incident} again={again} onDone={() => setAdding(false)} />}
    </Panel>
  )
}
