import { Badge, Group, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { $api } from '@/api/client'
import { Page } from '@/page/Page'
import { Panel } from '@/page/Panel'
import { useMe } from '@/session/me'
import { Loaded } from '@/state/Loaded'
import { roleOf } from '../users/roles'
import { NameForm } from './NameForm'
import { PasswordForm } from './PasswordForm'
import classes from './Profile.module.css'
import { SecondFactor } from './SecondFactor'
import { Sessions } from './Sessions'

/** ProfilePage is about whoever is signed in. */
export function ProfilePage() {
  const me = useMe()
  const queries = useQueryClient()
  const sessions = $api.useQuery('get', '/api/v1/me/sessions')
  const again = () => {
    void queries.invalidateQueries({ queryKey: ['me'] })
    void queries.invalidateQueries({ queryKey: ['get', '/api/v1/me/sessions'] })
  }
  return (
    <Page title="Profile" about="You, and how you sign in.">
      <div className={classes.columns}>
        <Stack gap="md" miw={0}>
          <Panel title="You">
            <NameForm changed={again} />
          </Panel>
          <Panel title="Password">
            <PasswordForm changed={again} />
          </Panel>
        </Stack>
        <Stack gap="md" miw={0}>
          <Panel title="Second factor">
            <SecondFactor changed={again} />
          </Panel>
          <Panel title={`What you may do as ${me.role || 'this key'}`}>
            <Text size="sm" mb="sm">
              {roleOf(me.role)?.may}
            </Text>
            <Group gap={6} role="list" aria-label="Scopes you hold">
              {me.scopes.map((scope) => (
                <Badge key={scope} variant="light" color="gray" tt="none" radius="sm" role="listitem">
                  {scope === 'admin' ? 'admin: everything in the account' : scope}
                </Badge>
              ))}
            </Group>
          </Panel>
        </Stack>
      </div>
      <Panel title="Where you are signed in" flush>
        <Loaded query={sessions} lines={3}>
          {(list) => <Sessions sessions={list.items} changed={again} />}
        </Loaded>
      </Panel>
    </Page>
  )
}
