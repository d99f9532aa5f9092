import { Anchor, Badge, Button, Group, Switch, Text } from '@mantine/core'
import { IconPencil, IconPlus, IconSettingsAutomation, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { $api, api } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { EventText } from '@/text/EventText'
import { visible } from '@/text/visible'
import classes from '../incidents.module.css'
import { RuleDialog } from './RuleDialog'
import { type Rule, sentence } from './rule'

/** mostRules is how many rules an account may have. */
const mostRules = 50

/** RulesPage lists the rules that make incidents of alerts, in the order in which they are asked. */
export function RulesPage() {
  const mayWrite = useCan('incidents:write')
  const [editing, setEditing] = useState<Rule | 'new'>()
  const query = $api.useQuery('get', '/api/v1/incident-rules', { params: { query: { limit: mostRules } } })
  return (
    <Page
      title="Incident rules"
      back={{ to: '/incidents', label: 'Incidents' }}
      about="Alerts that share something and come within a time become an incident. Rules are tried from the top; the first that matches an alert takes it."
      actions={
        mayWrite && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setEditing('new')}>
            Create rule
          </Button>
        )
      }
    >
      <Panel flush>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty
                icon={IconSettingsAutomation}
                title="No rule yet"
                text="Begin with this one: three alerts about the same address, user or host within five minutes. You can try it on the alerts that are here before it does anything."
              />
            ) : (
              <div>
                {items.map((rule) => (
                  <Line key={rule.id} rule={rule} mayWrite={mayWrite} edit={() => setEditing(rule)} />
                ))}
              </div>
            )
          }
        </Loaded>
      </Panel>
      {editing && (
        <RuleDialog rule={editing === 'new' ? undefined : editing} onDone={() => setEditing(undefined)} />
      )}
    </Page>
  )
}

const path = '/api/v1/incident-rules/{id}'

function Line({ rule, mayWrite, edit }: { rule: Rule; mayWrite: boolean; edit: () => void }) {
  const queries = useQueryClient()
  const again = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/incident-rules'] })
  const params = { path: { id: rule.id }, header: { 'If-Match': `"${rule.version}"` } }
  const turn = async (enabled: boolean) => {
    try {
      await api.PATCH(path, { params, body: { enabled } })
      done(enabled ? 'The rule is on.' : 'The rule is off.')
    } catch (thrown) {
      failed('Changing the rule', thrown)
    }
    await again()
  }
  const remove = () =>
    confirm({
      title: 'Delete this rule?',
      text: (
        <>
          <b>
            <EventText>{rule.name}</EventText>
          </b>{' '}
          will create no more incidents. Those that it created stay.
        </>
      ),
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE(path, { params })
        await again()
      },
    })
  return (
    <div className={classes.line}>
      <div className={classes.grow}>
        <Group gap="xs">
          <Text size="sm" fw={600} component="span">
            <EventText>{rule.name}</EventText>
          </Text>
          {!rule.enabled && (
            <Badge size="sm" variant="default" tt="none">
              off
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {visible(sentence(rule))}
          {rule.match.severities && `; severity ${rule.match.severities.join(', ')}`}
          {rule.match.alert_types && `; type ${visible(rule.match.alert_types.join(', '))}`}
          {rule.match.projects && `; project ${visible(rule.match.projects.join(', '))}`}
        </Text>
        {rule.match.where && (
          <Text size="xs" className="mono">
            <EventText>{rule.match.where}</EventText>
          </Text>
        )}
      </div>
      <Text size="xs" component="span" visibleFrom="sm">
        <Anchor component={Link} to="/incidents" search={{ rule: rule.id, status: 'all' } as never} inherit>
          Its incidents
        </Anchor>
      </Text>
      {mayWrite && (
        <Group gap="xs" wrap="nowrap">
          <Switch
            checked={rule.enabled}
            onChange={(event) => void turn(event.currentTarget.checked)}
            aria-label={`Rule ${visible(rule.name)} is on`}
          />
          <Button
            size="compact-sm"
            variant="default"
            onClick={edit}
            leftSection={<IconPencil size={14} aria-hidden />}
            aria-label={`Edit ${visible(rule.name)}`}
          >
            Edit
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={remove}
            px={6}
            aria-label={`Delete ${visible(rule.name)}`}
          >
            <IconTrash size={14} aria-hidden />
          </Button>
        </Group>
      )}
    </div>
  )
}
