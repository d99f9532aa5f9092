import { Box, Table, Text } from '@mantine/core'
import { useMemo } from 'react'
import { $api, type Schemas } from '@/api/client'
import { State } from '@/text/State'
import { connectorWords, limitRows } from './limits'
import classes from './Plans.module.css'

/** PlanMatrix shows what each plan has; own is the account's. */
export function PlanMatrix({ plans, own }: { plans: Schemas['Plan'][]; own: string | undefined }) {
  const titles = useTitles()
  const rows = [
    ...limitRows.map((row) => ({
      label: row.label,
      read: (plan: Schemas['Plan']) => [row.read(plan.limits)],
    })),
    { label: 'Connectors', read: (plan: Schemas['Plan']) => connectorWords(plan.connectors, titles) },
  ]
  return (
    <Box className={classes.matrix} tabIndex={0} role="region" aria-label="All plans">
      <Table
        miw={160 + plans.length * 150}
        layout="fixed"
        verticalSpacing="xs"
        horizontalSpacing="md"
        borderColor="var(--tocsin-line)"
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={160}>
              <Text span size="xs" c="dimmed" fw={600}>
                What it allows
              </Text>
            </Table.Th>
            {plans.map((plan) => (
              <Table.Th key={plan.name} ta="right" className={plan.name === own ? classes.own : undefined}>
                {plan.title || plan.name} {plan.name === own && <State value="yours" tone="good" />}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.label}>
              <Table.Th fw={500} c="dimmed" style={{ verticalAlign: 'top' }}>
                {row.label}
              </Table.Th>
              {plans.map((plan) => (
                <Table.Td
                  key={plan.name}
                  valign="top"
                  ta="right"
                  className={`numbers ${plan.name === own ? classes.own : ''}`}
                >
                  {row.read(plan).join(', ')}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Box>
  )
}

/** useTitles gives the titles of the hub's connectors by their kinds; undefined while they are not known. */
function useTitles(): ReadonlyMap<string, string> | undefined {
  const connectors = $api.useQuery('get', '/api/v1/connectors', {}, { staleTime: 5 * 60_000 })
  return useMemo(
    () => connectors.data && new Map(connectors.data.items.map((each) => [each.kind, each.title])),
    [connectors.data],
  )
}
