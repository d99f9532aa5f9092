import { Button, Stack } from '@mantine/core'
import { IconMailShare } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { $api, type Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { Side } from '../frame/Side'
import { useAddress } from '../frame/useAddress'
import { DigestPreview } from './DigestPreview'
import { DigestSchedule } from './DigestSchedule'

const newEmail: string = '/integrations/new/email'

/** DigestsPage lists the integrations that can sum up a day or a week, and when they do. */
export function DigestsPage() {
  const { open, change } = useAddress()
  const may = useCan('integrations:write')
  const connectors = $api.useQuery('get', '/api/v1/connectors')
  const integrations = $api.useQuery('get', '/api/v1/integrations', { params: { query: { limit: 500 } } })
  const kinds = new Set(
    (connectors.data?.items ?? [])
      .filter((connector) => connector.capabilities.includes('digest'))
      .map((connector) => connector.kind),
  )
  const able = (integration: Schemas['Integration']) => kinds.has(integration.kind)
  const chosen = integrations.data?.items.find((each) => each.id === open && able(each))
  return (
    <Page
      title="Digests"
      about="A digest sums up a day or a week: new alerts by severity, the trend, open incidents, and integrations that do not deliver. Integrations that send e-mail may have one, whatever they subscribe to otherwise."
    >
      <Loaded query={connectors} lines={4}>
        {() => (
          <Loaded query={integrations} lines={4}>
            {({ items }) =>
              items.filter(able).length === 0 ? (
                <Empty
                  icon={IconMailShare}
                  title="No integration can send digests"
                  text="Connect an e-mail server, and turn a daily or a weekly digest on in its settings. An integration that is to send nothing but digests subscribes to no events."
                >
                  {may && (
                    <Button component={Link} to={newEmail} variant="light">
                      Connect e-mail
                    </Button>
                  )}
                </Empty>
              ) : (
                <Stack gap="sm">
                  {items.filter(able).map((integration) => (
                    <DigestSchedule
                      key={integration.id}
                      integration={integration}
                      preview={() => change({ open: integration.id })}
                    />
                  ))}
                </Stack>
              )
            }
          </Loaded>
        )}
      </Loaded>
      <Side
        opened={chosen !== undefined}
        close={() => change({ open: undefined })}
        wide
        title={`A digest of ${chosen?.name ?? ''} that ends now`}
      >
        {chosen && <DigestPreview key={chosen.id} integration={chosen} />}
      </Side>
    </Page>
  )
}
