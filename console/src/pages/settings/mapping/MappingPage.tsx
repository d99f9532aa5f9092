import { Button, Menu, Switch, Text, Tooltip } from '@mantine/core'
import { IconArrowDown, IconArrowUp, IconPencil, IconPlus, IconRoute2, IconTrash } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useMemo } from 'react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import type { Column } from '@/table/columns'
import { VirtualTable } from '@/table/VirtualTable'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { full, short } from '@/text/number'
import { ifMatch } from '../form/ifMatch'
import { CardRow } from '../frame/CardRow'
import { Mono } from '../frame/Mono'
import { RowMenu } from '../frame/RowMenu'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { effects } from './draft'
import { MappingForm } from './MappingForm'
import { moved } from './order'
import { SeverityGuide } from './SeverityGuide'
import { useSourceNames } from './sourceNames'

type Rule = Schemas['MappingRule']

const listKey = ['get', '/api/v1/mapping-rules'] as const

/** mostRules is how many rules an account has at most. */
const mostRules = 200

/** MappingPage lists the rules that change events before they are written down. */
export function MappingPage() {
  const { open, change } = useAddress()
  const may = useCan('mapping:write')
  const queries = useQueryClient()
  const names = useSourceNames()
  const query = $api.useQuery('get', '/api/v1/mapping-rules', { params: { query: { limit: mostRules } } })
  const rules = useMemo(() => query.data?.items ?? [], [query.data])
  const changed = () => queries.invalidateQueries({ queryKey: listKey })
  const close = () => change({ open: undefined })
  const chosen = rules.find((rule) => rule.id === open)
  const columns = useMemo<Column<Rule>[]>(
    () => [
      { id: 'on', header: 'On', width: '64px', cell: (rule) => <Enabled rule={rule} /> },
      {
        id: 'name',
        header: 'Rule',
        width: 'minmax(180px, 1fr)',
        cell: (rule) => (
          <Text span size="sm" fw={600}>
            <EventText inherit>{rule.name}</EventText>
          </Text>
        ),
      },
      { id: 'source', header: 'Source', width: '130px', cell: (rule) => names.nameOf(rule.source) },
      {
        id: 'when',
        header: 'Condition',
        width: 'minmax(160px, 1fr)',
        cell: (rule) => (rule.when ? <Mono>{rule.when}</Mono> : 'always'),
      },
      {
        id: 'does',
        header: 'Effect',
        width: 'minmax(180px, 1.1fr)',
        cell: (rule) => <EventText inherit>{effects(rule).join(' · ')}</EventText>,
      },
      {
        id: 'counts',
        header: 'Matched',
        width: '100px',
        align: 'right',
        cell: (rule) => <Counts rule={rule} />,
      },
      {
        id: 'menu',
        header: '',
        width: '56px',
        align: 'right',
        cell: (rule) => <RuleMenu rule={rule} rules={rules} />,
      },
    ],
    [rules, names],
  )
  return (
    <Page
      title="Mapping rules"
      about="A rule changes what senders send before it is written down: it sets the severity, type, project, tags or labels, gives events to an account below, or drops them. Rules run from top to bottom; each sees what the ones before made of the event. The sender’s own bytes are kept."
      actions={
        <Tooltip label="Your role does not allow it" disabled={may}>
          <Button
            leftSection={<IconPlus size={16} aria-hidden />}
            disabled={!may}
            onClick={() => change({ open: 'new' })}
          >
            Create rule
          </Button>
        </Tooltip>
      }
    >
      <VirtualTable
        label="Mapping rules"
        natural
        rows={rules}
        loading={query.isPending}
        error={query.error}
        retry={() => void query.refetch()}
        columns={columns}
        rowID={(rule) => rule.id}
        rowName={(rule) => rule.name}
        open={may ? (rule) => change({ open: rule.id }) : undefined}
        current={open}
        empty={
          <Empty
            icon={IconRoute2}
            title="There is no rule"
            text="Events are stored as they come. Create a rule when a tool calls something high that is not, or when the project stands in another field."
          />
        }
        card={(rule) => (
          <CardRow
            title={<EventText inherit>{rule.name}</EventText>}
            aside={
              <>
                <Enabled rule={rule} />
                <RuleMenu rule={rule} rules={rules} />
              </>
            }
          >
            <EventText inherit>{effects(rule).join(' · ')}</EventText>
            <Dots>
              {names.nameOf(rule.source)}
              {`${full(rule.counts.matched)} matched`}
            </Dots>
          </CardRow>
        )}
      />
      <SeverityGuide />
      <Side
        opened={open === 'new' || chosen !== undefined}
        close={close}
        wide
        title={chosen ? 'Edit rule' : 'Create rule'}
      >
        <MappingForm
          key={chosen ? chosen.id : 'new'}
          rule={chosen}
          behind={(rules.at(-1)?.position ?? 90) + 10}
          close={close}
          changed={changed}
        />
      </Side>
    </Page>
  )
}

function Counts({ rule }: { rule: Rule }) {
  const { matched, failed: broken } = rule.counts
  return (
    <span
      className="numbers"
      title={`${full(matched)} events matched; it failed for ${full(broken)}, of which it changed nothing`}
    >
      {short(matched)}
      {broken > 0 && (
        <Text span size="xs" c="var(--tocsin-bad)">
          {' '}
          {short(broken)} failed
        </Text>
      )}
    </span>
  )
}

// patch changes where a rule runs, or whether it does.
const patch = (rule: Pick<Rule, 'id'>, body: Schemas['MappingRulePatch'], version?: number) =>
  api.PATCH('/api/v1/mapping-rules/{id}', {
    params: { path: { id: rule.id }, ...(version ? ifMatch(version) : {}) },
    body,
  })

function Enabled({ rule }: { rule: Rule }) {
  const may = useCan('mapping:write')
  const queries = useQueryClient()
  const turn = async (enabled: boolean) => {
    try {
      await patch(rule, { enabled }, rule.version)
      done(`“${rule.name}” is ${enabled ? 'on' : 'off'}.`)
    } catch (thrown) {
      failed(enabled ? 'Turning the rule on' : 'Turning the rule off', thrown)
    }
    await queries.invalidateQueries({ queryKey: listKey })
  }
  return (
    <Switch
      size="xs"
      aria-label={`Rule ${rule.name} is on`}
      checked={rule.enabled}
      disabled={!may}
      onChange={(event) => void turn(event.currentTarget.checked)}
    />
  )
}

function RuleMenu({ rule, rules }: { rule: Rule; rules: Rule[] }) {
  const { change } = useAddress()
  const may = useCan('mapping:write')
  const queries = useQueryClient()
  if (!may) return null
  const at = rules.findIndex((each) => each.id === rule.id)
  const changed = () => queries.invalidateQueries({ queryKey: listKey })
  const move = async (to: number) => {
    try {
      for (const each of moved(rules, at, to)) await patch(each, { position: each.position })
    } catch (thrown) {
      failed('Moving the rule', thrown)
    }
    await changed()
  }
  const remove = () =>
    confirm({
      title: `Delete the rule “${rule.name}”?`,
      text: 'Events are no longer changed by it, from now on. Its counts go with it.',
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/mapping-rules/{id}', {
          params: { path: { id: rule.id }, ...ifMatch(rule.version) },
        })
        await changed()
        done(`The rule “${rule.name}” is deleted.`, async () => {
          const { name, enabled, source, position, when, drop, set, compute } = rule
          await api.POST('/api/v1/mapping-rules', {
            body: { name, enabled, source, position, when, drop, ...(drop ? {} : { set, compute }) },
          })
          await changed()
        })
      },
    })
  return (
    <RowMenu name={rule.name}>
      <Menu.Item leftSection={<IconPencil size={16} aria-hidden />} onClick={() => change({ open: rule.id })}>
        Edit
      </Menu.Item>
      <Menu.Item
        leftSection={<IconArrowUp size={16} aria-hidden />}
        disabled={at <= 0}
        onClick={() => void move(at - 1)}
      >
        Move up
      </Menu.Item>
      <Menu.Item
        leftSection={<IconArrowDown size={16} aria-hidden />}
        disabled={at >= rules.length - 1}
        onClick={() => void move(at + 1)}
      >
        Move down
      </Menu.Item>
      <Menu.Item color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={remove}>
        Delete
      </Menu.Item>
    </RowMenu>
  )
}
