import { Button, Group, SimpleGrid, Switch, Text } from '@mantine/core'
import { IconPencil, IconTrash } from '@tabler/icons-react'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { useLiveRefresh } from '@/live/LiveProvider'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Facts } from '@/text/Facts'
import { visible } from '@/text/visible'
import { ifMatch } from '../decide/decide'
import { KilledNotice } from '../frame/BlocksFrame'
import { ruleRoute } from '../route'
import { Hits } from './Hits'
import { ModeMark } from './ModeMark'
import { ModeSwitch } from './ModeSwitch'
import { Report } from './Report'
import { RuleDrawer } from './RuleDrawer'
import { asksFor, looksAt } from './summary'
import { type Rule, useReport, useRule, useRulesChanged } from './useRules'

/** RulePage is one rule: what it does, what it would have done, what it has done. */
export function RulePage() {
  const { id } = ruleRoute.useParams()
  const rule = useRule(id)
  const report = useReport(id)
  useLiveRefresh(['block'], ['get', '/api/v1/response-rules/{id}/report', { params: { path: { id } } }])
  return (
    <Page
      title={rule.data ? visible(rule.data.name) : 'Response rule'}
      head={
        <Group gap="xs">
          <EventText inherit>{rule.data?.name ?? 'Response rule'}</EventText>
          {rule.data && <ModeMark rule={rule.data} />}
        </Group>
      }
      back={{ to: '/blocks/rules', label: 'Response rules' }}
      actions={rule.data && <Actions rule={rule.data} />}
    >
      <KilledNotice />
      <Loaded query={rule} lines={6}>
        {(data) => (
          <>
            <ModeSwitch rule={data} report={report.data} />
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
              <Panel title="What it does">
                <About rule={data} />
              </Panel>
              <Panel title="Report">
                <Loaded query={report} lines={4}>
                  {(found) => <Report report={found} rule={data} />}
                </Loaded>
              </Panel>
            </SimpleGrid>
            <Panel title="Newest decisions" flush>
              <Loaded query={report} lines={4}>
                {(found) => <Hits hits={found.items} />}
              </Loaded>
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  )
}

function About({ rule }: { rule: Rule }) {
  const { where } = rule.subscription
  return (
    <Facts
      facts={[
        [
          'Looks at',
          <EventText key="looks" inherit>
            {looksAt(rule.subscription)}
          </EventText>,
        ],
        where
          ? [
              'Where',
              <Text key="where" inherit component="code" className="mono">
                {visible(where)}
              </Text>,
            ]
          : undefined,
        [
          'Blocks',
          <EventText key="asks" inherit>
            {asksFor(rule.block)}
          </EventText>,
        ],
        rule.block.reason
          ? [
              'Reason',
              <EventText key="reason" inherit>
                {rule.block.reason}
              </EventText>,
            ]
          : undefined,
        [
          'Created by',
          <EventText key="author" inherit>
            {rule.author}
          </EventText>,
        ],
        ['Updated', <Ago key="changed" time={rule.updated_at} />],
        [
          'Its blocks',
          <Link key="blocks" to="/blocks" search={{ view: 'all', rule: rule.id }}>
            Blocks that it requested
          </Link>,
        ],
      ]}
    />
  )
}

function Actions({ rule }: { rule: Rule }) {
  const mayChange = useCan('blocks:approve')
  const changed = useRulesChanged()
  const navigate = useNavigate()
  const [editing, setEditing] = useState(false)
  if (!mayChange) return null
  const enable = async (enabled: boolean) => {
    try {
      await api.PATCH('/api/v1/response-rules/{id}', {
        params: { path: { id: rule.id }, header: ifMatch(rule) },
        body: { enabled },
      })
      done(enabled ? 'The rule is on.' : 'The rule is off, and looks at nothing.')
    } catch (thrown) {
      failed('Changing the rule', thrown)
    } finally {
      await changed()
    }
  }
  const remove = () =>
    confirm({
      title: `Delete the rule “${visible(rule.name)}”?`,
      text: 'It looks at no events any more, and its report is gone. The blocks that it made stay: end them with “Undo the newest blocks”.',
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/response-rules/{id}', {
          params: { path: { id: rule.id }, header: ifMatch(rule) },
        })
        await navigate({ to: '/blocks/rules' })
        await changed()
        done('The rule is deleted.')
      },
    })
  return (
    <>
      <Switch
        label="On"
        checked={rule.enabled}
        onChange={(event) => void enable(event.currentTarget.checked)}
      />
      <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove}>
        Delete
      </Button>
      <Button
        variant="default"
        leftSection={<IconPencil size={16} aria-hidden />}
        onClick={() => setEditing(true)}
      >
        Edit
      </Button>
      <RuleDrawer rule={rule} opened={editing} close={() => setEditing(false)} />
    </>
  )
}
