import { Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useCan, useMe } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { full } from '@/text/number'
import { Fact } from '../frame/Fact'
import { limitRows, monthName, part } from './limits'
import { PlanMatrix } from './PlanMatrix'
import { UsageByMonth } from './UsageByMonth'

/** PlansPage shows the account's plan, how much of it is used, and what the plans have. */
export function PlansPage() {
  const me = useMe()
  const may = useCan('admin')
  const own = $api.useQuery('get', '/api/v1/account')
  const plans = $api.useQuery('get', '/api/v1/plans')
  return (
    <Page
      title="Plan and usage"
      about="A plan says which connectors an account may have, and how much it may send. The operator of the hub gives it."
    >
      <Panel title="This account’s plan">
        <Loaded query={own} lines={4}>
          {(account) => <OwnPlan account={account} title={me.plan.title} />}
        </Loaded>
      </Panel>
      {may && <UsageByMonth account={me.account} limit={own.data?.limits.events_per_month ?? 0} />}
      <Panel title="All plans" flush>
        <Loaded query={plans} lines={6}>
          {(list) => <PlanMatrix plans={list.items} own={own.data?.plan} />}
        </Loaded>
      </Panel>
    </Page>
  )
}

function OwnPlan({ account, title }: { account: Schemas['OwnAccount']; title: string }) {
  const { usage, limits } = account
  const used = part(usage.events, limits.events_per_month)
  return (
    <Stack gap="md">
      <div>
        <Group justify="space-between" align="baseline" mb={6}>
          <Text size="sm" fw={600}>
            Events in {monthName(usage.month)}
          </Text>
          <Text size="sm" className="numbers">
            <b>{full(usage.events)}</b>
            {limits.events_per_month > 0 ? ` of ${full(limits.events_per_month)}` : ', without a limit'}
          </Text>
        </Group>
        {used !== undefined && (
          <Progress
            value={used}
            size="lg"
            color={used >= 100 ? 'red.7' : used >= 80 ? 'yellow.7' : 'bell'}
            aria-label={`${Math.round(used)} percent of the month’s events are used`}
          />
        )}
        {(usage.over > 0 || usage.refused > 0) && (
          <Text size="sm" mt={6} c="var(--tocsin-bad)">
            {usage.over > 0 && `${full(usage.over)} were accepted above the plan. `}
            {usage.refused > 0 && `${full(usage.refused)} were refused because of the plan.`}
          </Text>
        )}
      </div>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="md">
        <Fact label="Plan">{title || account.plan}</Fact>
        {limitRows
          .filter((row) => row.read(limits) !== '–')
          .map((row) => (
            <Fact key={row.label} label={row.label}>
              <span className="numbers">{row.read(limits)}</span>
            </Fact>
          ))}
      </SimpleGrid>
    </Stack>
  )
}
