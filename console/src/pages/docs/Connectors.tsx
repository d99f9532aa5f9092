import { Badge, Button, Group, Title, Tooltip } from '@mantine/core'
import { IconLock, IconPlugConnected } from '@tabler/icons-react'
import { Link, useParams } from '@tanstack/react-router'
import { $api, type Schemas } from '@/api/client'
import { Guide } from '@/guide/Guide'
import { capability } from '@/integration/capabilities'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { OutLink } from '@/text/OutLink'
import { Shelf } from './Shelf'

type Connector = Schemas['Connector']

const groups: [Connector['group'], string][] = [
  ['response_actions', 'Response actions'],
  ['data_export', 'Data export'],
  ['notifications', 'Notifications'],
  ['ticketing', 'Ticketing'],
  ['testing', 'Testing'],
]

/** Connectors are the connectors' guides. */
export function Connectors() {
  const { kind } = useParams({ from: '/shell/docs/connectors/{-$kind}' })
  const query = $api.useQuery('get', '/api/v1/connectors')
  return (
    <Loaded query={query} lines={12}>
      {({ items }) => (
        <Shelf
          base="/docs/connectors"
          name="Connectors"
          chosen={kind}
          groups={groups.map(([group, title]) => ({
            title,
            entries: items
              .filter((each) => each.group === group)
              .map((each) => ({
                id: each.kind,
                label: each.title,
                words: `${each.title} ${each.kind} ${each.summary}`,
                mark: each.locked && <IconLock size={14} aria-label="not in your plan" />,
              })),
          }))}
        >
          {kind ? (
            <ConnectorGuide kind={kind} />
          ) : (
            <Empty
              icon={IconPlugConnected}
              title={`${items.length} connectors`}
              text="Choose one to read how it is set up, what it sends and what its answers mean."
            />
          )}
        </Shelf>
      )}
    </Loaded>
  )
}

function ConnectorGuide({ kind }: { kind: string }) {
  const query = $api.useQuery('get', '/api/v1/connectors/{kind}', { params: { path: { kind } } })
  return (
    <Loaded query={query} lines={14}>
      {(connector) => (
        <>
          <Head connector={connector} />
          <Guide text={whole(connector)} />
        </>
      )}
    </Loaded>
  )
}

/** whole is the guide without its title, with the table of the settings if it has none itself. */
function whole({ summary, guide, settings_docs }: Connector): string {
  const text = guide?.replace(/^\s*# .*\n/, '') || summary
  if (!settings_docs || text.includes('## Settings')) return text
  return `${text}\n\n## Settings\n\n${settings_docs}`
}

function Head({ connector }: { connector: Connector }) {
  const write = useCan('integrations:write')
  return (
    <>
      <Title order={2} fz={24} mb={6}>
        {connector.title}
      </Title>
      <Group justify="space-between" mb="xs">
        <Group gap={6}>
          {connector.capabilities.map((name) => {
            const { label, meaning } = capability(name)
            return (
              <Tooltip key={name} label={meaning}>
                <Badge variant="default" tt="none" fw={500} fz={11}>
                  {label}
                </Badge>
              </Tooltip>
            )
          })}
        </Group>
        <Group gap="md">
          {connector.docs_url && (
            <OutLink href={connector.docs_url} size="sm">
              The vendor’s page
            </OutLink>
          )}
          {write && !connector.locked && (
            <Button component={Link} size="xs" {...{ to: `/integrations/new/${connector.kind}` }}>
              Connect
            </Button>
          )}
        </Group>
      </Group>
    </>
  )
}
