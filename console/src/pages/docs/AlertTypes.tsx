import { Table, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { Severity } from '@/text/Severity'

/** AlertTypes are the kinds of alert that the hub knows. */
export function AlertTypes() {
  const query = $api.useQuery('get', '/api/v1/alert-types')
  return (
    <Panel>
      <Loaded query={query} lines={12}>
        {({ items }) => <List types={items} />}
      </Loaded>
    </Panel>
  )
}

function List({ types }: { types: Schemas['AlertType'][] }) {
  const [query, setQuery] = useState('')
  const wanted = query.trim().toLowerCase()
  const found = types.filter((each) =>
    `${each.name} ${each.category} ${each.description} ${each.mitre}`.toLowerCase().includes(wanted),
  )
  return (
    <>
      <TextInput
        aria-label="Search in alert types"
        placeholder="Search in alert types"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        maw={320}
        mb="sm"
      />
      <Table.ScrollContainer minWidth={640}>
        <Table fz="sm" verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Alert type</Table.Th>
              <Table.Th>Severity</Table.Th>
              <Table.Th>What it is</Table.Th>
              <Table.Th>Technique</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.map(({ name, severity, description, mitre }) => (
              <Table.Tr key={name}>
                <Table.Td>
                  <PageLink
                    underline="hover"
                    to="/alerts"
                    search={{ alert_type: name }}
                    size="sm"
                    className="mono"
                  >
                    {name}
                  </PageLink>
                </Table.Td>
                <Table.Td>
                  <Severity value={severity} />
                </Table.Td>
                <Table.Td>{description}</Table.Td>
                <Table.Td className="mono">{mitre ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {found.length === 0 && (
        <Text size="sm" c="dimmed">
          No alert type is called so.
        </Text>
      )}
    </>
  )
}
