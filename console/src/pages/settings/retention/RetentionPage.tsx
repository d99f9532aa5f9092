import { Box, Table, Text } from '@mantine/core'
import { $api } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useMe } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { Backup } from './Backup'
import { JournalNow } from './JournalNow'
import { kept } from './kept'
import classes from './Retention.module.css'
import { SecretsAtRest } from './SecretsAtRest'

/** RetentionPage says what is kept how long; for the operator it has backup and the secrets at rest. */
export function RetentionPage() {
  const { operator } = useMe()
  const health = $api.useQuery('get', '/api/v1/health')
  return (
    <Page
      title="Retention and backup"
      about="What the hub keeps, and for how long. Nothing that was acknowledged goes before its time."
    >
      <Panel title="The journal now">
        <Loaded query={health} lines={2}>
          {(report) => <JournalNow report={report} />}
        </Loaded>
      </Panel>
      <Panel title="What is kept how long" flush>
        <Box className={classes.scroll} tabIndex={0} role="region" aria-label="What is kept how long">
          <Table
            horizontalSpacing="md"
            verticalSpacing="xs"
            borderColor="var(--tocsin-line)"
            className={classes.table}
          >
            <Table.Thead>
              <Table.Tr>
                <Table.Th>What</Table.Th>
                <Table.Th>How long</Table.Th>
                <Table.Th>And then</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {kept.map((each) => (
                <Table.Tr key={each.what}>
                  <Table.Td fw={600}>{each.what}</Table.Td>
                  <Table.Td>
                    {each.term}
                    {each.setting && (
                      <Text size="xs" c="dimmed" component="div">
                        unless the operator set <span className="mono">{each.setting}</span>
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td c="dimmed">{each.after}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Box>
      </Panel>
      {operator && <Backup />}
      {operator && <SecretsAtRest />}
    </Page>
  )
}
