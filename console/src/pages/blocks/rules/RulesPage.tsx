import { Button, Text } from '@mantine/core'
import { IconPlus, IconRobot } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { VirtualTable } from '@/table/VirtualTable'
import { BlocksFrame } from '../frame/BlocksFrame'
import { RuleCard, ruleColumns } from './columns'
import { RuleDrawer } from './RuleDrawer'
import { type Rule, useRules } from './useRules'

/** RulesPage lists the rules that ask for blocks by themselves. */
export function RulesPage() {
  const rules = useRules()
  const navigate = useNavigate()
  const mayChange = useCan('blocks:approve')
  const [making, setMaking] = useState(false)
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      Create rule
    </Button>
  )
  return (
    <BlocksFrame
      at="/blocks/rules"
      fill
      about="Rules that block on events automatically. A rule starts in shadow mode: it reports what it would have done, and does nothing."
      actions={mayChange && add}
    >
      <VirtualTable<Rule>
        label="Response rules"
        rows={rules.data?.items ?? []}
        columns={ruleColumns}
        rowID={(rule) => rule.id}
        rowName={(rule) => rule.name}
        card={(rule) => <RuleCard rule={rule} />}
        open={(rule) => void navigate({ to: '/blocks/rules/$id', params: { id: rule.id } })}
        loading={rules.isPending}
        error={rules.error}
        retry={() => void rules.refetch()}
        empty={
          <Empty
            icon={IconRobot}
            title="No response rule yet"
            text={
              <Text inherit>
                Let events such as brute force or scans ask for blocks of what a sensor observed in them. What
                stands in a title or a text is never blocked.
              </Text>
            }
          >
            {mayChange && add}
          </Empty>
        }
      />
      <RuleDrawer
        opened={making}
        close={() => setMaking(false)}
        saved={(rule) => void navigate({ to: '/blocks/rules/$id', params: { id: rule.id } })}
      />
    </BlocksFrame>
  )
}
