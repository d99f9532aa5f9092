import { Anchor, Group, Stack, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Column } from '@/table/columns'
import { Ago } from '@/text/Ago'
import { full } from '@/text/number'
import { visible } from '@/text/visible'
import { ModeMark } from './ModeMark'
import { asksFor, looksAt } from './summary'
import { type Rule, useReport } from './useRules'

/** ruleColumns are the columns of the list of rules. */
export const ruleColumns: Column<Rule>[] = [
  { id: 'name', header: 'Rule', width: 'minmax(180px, 1fr)', cell: (rule) => <Name rule={rule} /> },
  { id: 'mode', header: 'Mode', width: '150px', cell: (rule) => <ModeMark rule={rule} /> },
  { id: 'what', header: 'What it does', width: 'minmax(260px, 2fr)', cell: (rule) => <What rule={rule} /> },
  { id: 'hits', header: 'Decisions', width: '210px', cell: (rule) => <Hits id={rule.id} /> },
  { id: 'since', header: 'Updated', width: '110px', cell: (rule) => <Ago time={rule.updated_at} /> },
]

function Name({ rule }: { rule: Rule }) {
  return (
    <Anchor
      component={Link}
      to={`/blocks/rules/${rule.id}` as string}
      fw={600}
      c="inherit"
      size="sm"
      title={visible(rule.name)}
    >
      {visible(rule.name)}
    </Anchor>
  )
}

function What({ rule }: { rule: Rule }) {
  const looks = visible(looksAt(rule.subscription))
  const asks = `Blocks ${visible(asksFor(rule.block))}`
  return (
    <div>
      <Text size="sm" truncate lh={1.3} title={looks}>
        {looks}
      </Text>
      <Text size="xs" c="dimmed" truncate lh={1.3} title={asks}>
        {asks}
      </Text>
    </div>
  )
}

/** Hits counts what a rule decided. Lines that are not in sight ask for nothing. */
function Hits({ id }: { id: string }) {
  const { data: report } = useReport(id)
  if (!report) return null
  const { shadow, live } = report
  return (
    <div>
      <Text size="sm" lh={1.3} className="numbers">
        {report.mode === 'shadow'
          ? `${full(shadow.would_block)} would be blocked`
          : `${full(live.blocked)} blocked, ${full(live.asked)} asked`}
      </Text>
      <Text size="xs" c="dimmed" lh={1.3} className="numbers">
        {report.mode === 'shadow'
          ? `${full(shadow.would_ask)} asked, ${full(shadow.would_refuse)} refused`
          : `${full(live.refused)} refused, ${full(live.repeated)} repeated`}
      </Text>
    </div>
  )
}

/** RuleCard is a rule on a small screen. */
export function RuleCard({ rule }: { rule: Rule }) {
  return (
    <Stack gap={4}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Name rule={rule} />
        <ModeMark rule={rule} />
      </Group>
      <What rule={rule} />
      <Hits id={rule.id} />
    </Stack>
  )
}
