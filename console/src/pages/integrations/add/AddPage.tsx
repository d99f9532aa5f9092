import { Alert, Text } from '@mantine/core'
import { IconLock } from '@tabler/icons-react'
import { useParams } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { useCan } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { useConnector } from '../data/all'
import classes from './Add.module.css'
import { AddForm } from './AddForm'
import { Guide, ToGuide } from './Guide'

/** AddPage makes an integration: the form that the connector declares, with its guide beside it. */
export function AddPage() {
  const { kind } = useParams({ from: '/shell/integrations/new/$kind' })
  const connector = useConnector(kind)
  const title = connector.data ? `Add ${connector.data.title}` : 'Add an integration'
  return (
    <Page
      title={title}
      about={connector.data?.summary}
      back={{ to: '/integrations/catalogue', label: 'Catalogue' }}
      actions={<ToGuide />}
    >
      <Loaded query={connector} lines={10}>
        {(data) => (
          <div className={classes.split}>
            <Body key={data.kind} connector={data} />
            <Guide connector={data} />
          </div>
        )}
      </Loaded>
    </Page>
  )
}

function Body({ connector }: { connector: Schemas['Connector'] }) {
  const write = useCan('integrations:write')
  if (connector.locked)
    return (
      <Alert
        color="yellow"
        variant="light"
        icon={<IconLock aria-hidden />}
        title="Your plan does not have it"
      >
        <Text size="sm">
          {connector.plans?.length
            ? `These plans do: ${connector.plans.join(', ')}. Whoever operates this hub can change the plan.`
            : 'Whoever operates this hub can change the plan.'}
        </Text>
      </Alert>
    )
  if (!write)
    return (
      <Alert
        color="yellow"
        variant="light"
        icon={<IconLock aria-hidden />}
        title="You may not add integrations"
      >
        <Text size="sm">It needs the scope integrations:write. Ask an administrator of this account.</Text>
      </Alert>
    )
  return <AddForm connector={connector} />
}
