import { Button, Divider, Group, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { useMe } from '@/session/me'
import { ifMatch } from '../form/ifMatch'
import { mayGive } from './roles'

/** UserActs are what can be done about a person's way in. */
export function UserActs({
  user,
  close,
  changed,
  gotLink,
}: {
  user: Schemas['User']
  close: () => void
  changed: () => Promise<unknown>
  gotLink: (link: string) => void
}) {
  const me = useMe()
  if (!mayGive(me.role, user.role))
    return (
      <Text size="sm" c="dimmed">
        Only an owner changes owners.
      </Text>
    )
  const own = user.id === me.id
  const reset = (factor: boolean) =>
    confirm({
      title: factor ? `Reset the second factor of ${user.email}?` : `Create a link for ${user.email}?`,
      text: factor
        ? 'For somebody who lost the authenticator and the recovery codes. You get a link by which they choose a new password, and signing in asks for no code any more. Make sure that it is really them asking.'
        : 'For somebody who cannot sign in any more. You get a link by which they choose a new password. The old one works until then.',
      verb: 'Create link',
      danger: factor,
      act: async () => {
        const { data } = await api.POST('/api/v1/users/{id}/reset', {
          params: { path: { id: user.id }, query: factor ? { second_factor: true } : {} },
        })
        await changed()
        if (data) gotLink(data.link)
      },
    })
  const setDisabled = async (disabled: boolean, version: number) => {
    const { data } = await api.PATCH('/api/v1/users/{id}', {
      params: { path: { id: user.id }, ...ifMatch(version) },
      body: { disabled },
    })
    await changed()
    return data?.version ?? version
  }
  const disable = () =>
    confirm({
      title: `Disable ${user.email}?`,
      text: 'They cannot sign in, and their sessions end at once. You can let them in again.',
      verb: 'Disable',
      danger: true,
      act: async () => {
        const version = await setDisabled(true, user.version)
        close()
        done(`${user.email} is disabled.`, () => setDisabled(false, version))
      },
    })
  const enable = () =>
    confirm({
      title: `Enable ${user.email}?`,
      text: 'They sign in as before.',
      verb: 'Enable',
      act: async () => {
        await setDisabled(false, user.version)
        close()
        done(`${user.email} may sign in again.`)
      },
    })
  const remove = () =>
    confirm({
      title: `Delete ${user.email}?`,
      text: 'They cannot sign in any more, and their sessions end at once. What they did stays in the audit record. This cannot be undone; to let them back, invite them anew.',
      verb: 'Delete',
      danger: true,
      act: async () => {
        await api.DELETE('/api/v1/users/{id}', { params: { path: { id: user.id } } })
        close()
        await changed()
        done(`${user.email} is deleted.`)
      },
    })
  return (
    <Stack gap="sm">
      <Divider label="Signing in" labelPosition="left" />
      <Act
        text="A link to choose a new password, for somebody who cannot sign in."
        verb="Create link"
        act={() => reset(false)}
      />
      {user.second_factor && !own && (
        <Act
          text="The same without the second factor, for somebody who lost it."
          verb="Reset second factor"
          act={() => reset(true)}
        />
      )}
      {!own &&
        (user.state === 'disabled' ? (
          <Act text="They may not sign in now." verb="Enable" act={enable} />
        ) : (
          <Act
            text="Keep them from signing in until they are enabled again."
            verb="Disable"
            act={disable}
            danger
          />
        ))}
      {!own && <Act text="Remove the person from the account." verb="Delete" act={remove} danger />}
    </Stack>
  )
}

function Act({
  text,
  verb,
  act,
  danger,
}: {
  text: ReactNode
  verb: string
  act: () => void
  danger?: boolean
}) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="md">
      <Text size="sm" c="dimmed">
        {text}
      </Text>
      <Button
        size="xs"
        variant={danger ? 'light' : 'default'}
        color={danger ? 'red' : undefined}
        onClick={act}
        style={{ flexShrink: 0 }}
      >
        {verb}
      </Button>
    </Group>
  )
}
