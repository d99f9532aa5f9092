import { Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { useMe } from '@/session/me'
import { Ago, When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'
import { Fact } from '../frame/Fact'
import { ShownOnce } from '../once/ShownOnce'
import { RoleChoice } from './RoleChoice'
import { mayGive } from './roles'
import { UserActs } from './UserActs'

interface Props {
  user: Schemas['User']
  close: () => void
  changed: () => Promise<unknown>
  shown: () => void
}

/** UserDetails shows a person, and changes their name, role and whether they may sign in. */
export function UserDetails({ user, close, changed, shown }: Props) {
  const [link, setLink] = useState('')
  if (link) {
    return (
      <ShownOnce
        label={`Link for ${user.email}`}
        value={link}
        close={close}
        text={
          <>
            Hand this link to <b>{user.email}</b>, by a way that only they read. Whoever opens it chooses a
            new password. It works once, within a day.
          </>
        }
      />
    )
  }
  return (
    <Stack>
      <Group gap="xl">
        <Fact label="Signs in with">
          <EventText inherit>{user.email}</EventText>
        </Fact>
        <Fact label="Invited">
          <When time={user.created_at} />
        </Fact>
        <Fact label="Last sign-in">
          <Ago time={user.last_login_at} none="never" />
        </Fact>
      </Group>
      <ChangeForm key={user.id} user={user} close={close} changed={changed} shown={shown} />
      <UserActs
        user={user}
        close={close}
        changed={changed}
        gotLink={(got) => {
          setLink(got)
          shown()
        }}
      />
    </Stack>
  )
}

function ChangeForm({ user, close, changed }: Props) {
  const me = useMe()
  const initial = () => ({ name: user.name, role: user.role as string })
  const form = useForm({ initialValues: initial() })
  const may = mayGive(me.role, user.role)
  const save = async (values: { name: string; role: string }, version = user.version) => {
    const { data } = await api.PATCH('/api/v1/users/{id}', {
      params: { path: { id: user.id }, ...ifMatch(version) },
      body: values,
    })
    await changed()
    return data
  }
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async (values) => {
      const send = async () => {
        const now = await save(values)
        close()
        done(`${user.email} is changed.`, async () => {
          await save({ name: user.name, role: user.role }, now?.version)
        })
      }
      // Whoever takes the own role away cannot give it back.
      if (user.id === me.id && values.role !== user.role)
        confirm({
          title: 'Change your own role?',
          text: 'You may not be able to take it back: somebody else has to.',
          verb: 'Change role',
          danger: true,
          act: send,
        })
      else await send()
    },
    undefined,
    { version: user.version, values: initial },
  )
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput label="Name" maxLength={100} readOnly={!may} {...form.getInputProps('name')} />
        <RoleChoice
          value={form.values.role}
          onChange={(role) => form.setFieldValue('role', role)}
          error={form.errors.role}
          disabled={!may}
        />
        <FormFoot
          verb="Save"
          busy={busy}
          problem={problem}
          disabled={!form.isDirty() || !may}
          reload={() => void changed()}
        />
      </Stack>
    </form>
  )
}
