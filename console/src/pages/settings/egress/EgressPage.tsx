import { Alert, Button, Code, CopyButton, Group, List, Stack, Table, Text } from '@mantine/core'
import { IconCheck, IconCopy, IconInfoCircle, IconWorldUpload } from '@tabler/icons-react'
import { $api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { Copy } from '@/text/Copy'
import { Mono } from '../frame/Mono'

/** EgressPage shows where deliveries come from. */
export function EgressPage() {
  const query = $api.useQuery('get', '/api/v1/egress-addresses')
  return (
    <Page
      title="Egress addresses"
      about="Where deliveries come from. Let these addresses through at the firewall of whatever receives them."
    >
      <Loaded query={query} lines={4}>
        {(egress) => <Egress egress={egress} />}
      </Loaded>
    </Page>
  )
}

function Egress({ egress }: { egress: Schemas['EgressAddresses'] }) {
  const all = egress.items.map((item) => item.address).join('\n')
  return (
    <>
      <Panel
        title="What receivers see"
        flush
        actions={
          egress.items.length > 0 && (
            <CopyButton value={all}>
              {({ copied, copy }) => (
                <Button
                  size="xs"
                  variant="default"
                  onClick={copy}
                  leftSection={
                    copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />
                  }
                >
                  {copied ? 'Copied' : 'Copy as a list'}
                </Button>
              )}
            </CopyButton>
          )
        }
      >
        {egress.items.length === 0 ? (
          <Empty
            icon={IconWorldUpload}
            title="Nobody has stated them"
            text={
              <>
                The operator of the hub states them with the setting <Code>egress.addresses</Code>, such as{' '}
                <Code>198.51.100.7, 2001:db8::7</Code>, and can fix them with <Code>egress.bind</Code>.
              </>
            }
          />
        ) : (
          <Table horizontalSpacing="md" verticalSpacing="xs" borderColor="var(--tocsin-line)">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Address or network</Table.Th>
                <Table.Th w={120}>Family</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {egress.items.map((item) => (
                <Table.Tr key={item.address}>
                  <Table.Td>
                    <Group gap={4}>
                      <Mono>{item.address}</Mono>
                      <Copy text={item.address} what="the address" />
                    </Group>
                  </Table.Td>
                  <Table.Td>{item.family === 'ipv6' ? 'IPv6' : 'IPv4'}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Panel>
      {egress.proxy && (
        <Alert
          color="yellow"
          variant="light"
          icon={<IconInfoCircle aria-hidden />}
          title="Deliveries go through a proxy"
        >
          Receivers see the proxy’s address, whatever the hub’s own is.
        </Alert>
      )}
      <Panel title="How to use them">
        <Stack gap="sm">
          {egress.items.length > 0 && <Text size="sm">{egress.help}</Text>}
          <List size="sm" spacing={6}>
            <List.Item>
              At the receiver, let them in to the port of its address, usually 443. Other addresses never
              deliver anything.
            </List.Item>
            <List.Item>
              An address alone proves little: let the receiver check the signature of the delivery, too. The
              guide of each connector says how.
            </List.Item>
            {egress.bound.length > 0 && (
              <List.Item>
                The hub leaves from{' '}
                {egress.bound.map((address, i) => (
                  <span key={address}>
                    {i > 0 && ', '}
                    <Mono>{address}</Mono>
                  </span>
                ))}{' '}
                (<Code>egress.bind</Code>), which may be translated on the way.
              </List.Item>
            )}
          </List>
        </Stack>
      </Panel>
    </>
  )
}
