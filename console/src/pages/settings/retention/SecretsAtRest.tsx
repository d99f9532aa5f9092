import { Alert, Button, Group, List, Stack, Table, Text } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { EventText } from '@/text/EventText'
import { count, full } from '@/text/number'
import { State } from '@/text/State'
import { Mono } from '../frame/Mono'

/** SecretsAtRest shows with which keys secrets are sealed, what is wrong with them, and seals them anew. */
export function SecretsAtRest() {
  const query = $api.useQuery('get', '/api/v1/secrets')
  const queries = useQueryClient()
  const rotate = () =>
    confirm({
      title: 'Seal all secrets with a new key?',
      text: 'A new key is made, everything is sealed with it and checked, and the old key is removed. The hub goes on meanwhile. Backups of before still need the old key: keep a copy of it as long as you keep them.',
      verb: 'Seal with a new key',
      act: async () => {
        const { data } = await api.POST('/api/v1/secrets/rotate')
        await queries.invalidateQueries({ queryKey: ['get', '/api/v1/secrets'] })
        done(`${count(data?.resealed ?? 0, 'secret')} sealed anew.${data?.next ? ` ${data.next}` : ''}`)
      },
    })
  return (
    <Panel
      title="Secrets at rest"
      actions={
        <Button size="xs" variant="default" onClick={rotate}>
          Seal with a new key
        </Button>
      }
    >
      <Loaded query={query} lines={4}>
        {(status) => <Status status={status} />}
      </Loaded>
    </Panel>
  )
}

function Status({ status }: { status: Schemas['SecretsStatus'] }) {
  return (
    <Stack gap="md">
      <Text size="sm">
        {count(status.secrets, 'secret')} {status.secrets === 1 ? 'is' : 'are'} sealed, each by itself, under
        a key of this installation.
      </Text>
      <Table verticalSpacing={6} layout="fixed" borderColor="var(--tocsin-line)">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Key</Table.Th>
            <Table.Th visibleFrom="sm">Comes from</Table.Th>
            <Table.Th w={100} ta="right">
              Secrets
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {status.keys.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td>
                <Group gap={8}>
                  <Mono>{key.id}</Mono>
                  {key.current && <State value="in use" tone="good" />}
                  {key.missing && <State value="not here" tone="bad" />}
                </Group>
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <EventText inherit>{key.source}</EventText>
              </Table.Td>
              <Table.Td ta="right" className="numbers">
                {full(key.secrets)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Troubles status={status} />
    </Stack>
  )
}

function Troubles({ status }: { status: Schemas['SecretsStatus'] }) {
  const troubles = [
    ...status.unreadable.map((each) => ({
      key: `${each.holder} ${each.field}`,
      id: undefined,
      text: `${each.field} in the account ${each.account} cannot be opened by any key here: enter it again.`,
    })),
    ...status.references
      .filter((each) => each.error !== '')
      .map((each) => ({
        key: `${each.integration} ${each.setting}`,
        id: each.integration,
        text: `${each.setting} refers to ${each.reference}, which cannot be used: ${each.error}`,
      })),
    ...status.voided.map((each) => ({
      key: `${each.integration} voided`,
      id: each.integration,
      text: `${each.settings.join(', ')} must be entered again, because the destination changed.`,
    })),
    ...status.expiring.map((each) => ({
      key: `${each.integration} expiring`,
      id: each.integration,
      text:
        each.days_left < 0
          ? `The credentials of “${each.name}” were to be changed by ${each.rotate_by}.`
          : `The credentials of “${each.name}” are to be changed by ${each.rotate_by}.`,
    })),
  ]
  if (troubles.length === 0)
    return (
      <Text size="sm" c="dimmed">
        All can be read, none is due to be changed.
      </Text>
    )
  return (
    <Alert color="yellow" variant="light" icon={<IconAlertTriangle aria-hidden />} title="Needs attention">
      <List size="sm" spacing={4}>
        {troubles.map((trouble) => (
          <List.Item key={trouble.key}>
            <EventText inherit>{trouble.text}</EventText>{' '}
            {trouble.id && <PageLink to={`/integrations/${trouble.id}`}>Open the integration</PageLink>}
          </List.Item>
        ))}
      </List>
    </Alert>
  )
}
