import { Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'
import { ShownOnce } from '../once/ShownOnce'
import { RoleChoice } from './RoleChoice'
import { roleOf } from './roles'

/** InviteForm invites somebody, and shows the link for them this once. */
export function InviteForm({
  close,
  changed,
  shown,
}: {
  close: () => void
  changed: () => Promise<unknown>
  /** shown hears that the link stands there. */
  shown: () => void
}) {
  const [invitation, setInvitation] = useState<Schemas['Invitation']>()
  const form = useForm({ initialValues: { email: '', name: '', role: 'analyst' } })
  const { submit, invalid, busy, problem } = useSubmit(form, async ({ email, name, role }) => {
    const { data } = await api.POST('/api/v1/users', { body: { email, role, ...(name ? { name } : {}) } })
    setInvitation(data)
    shown()
    await changed()
  })
  if (invitation) {
    const { user, link } = invitation
    return (
      <ShownOnce
        label={`Invitation for ${user.email}`}
        value={link}
        close={close}
        text={
          <>
            Hand this link to <b>{user.email}</b>, by a way that only they read. Whoever opens it chooses the
            password and is signed in as {roleOf(user.role)?.title.toLowerCase()}. It works once, within three
            days.
          </>
        }
      />
    )
  }
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <Text size="sm" c="dimmed">
          The hub sends no mail: you get a link to hand over.
        </Text>
        <TextInput
          label="E-mail address"
          type="email"
          description="What they sign in with"
          required
          maxLength={254}
          autoComplete="off"
          data-autofocus
          {...form.getInputProps('email')}
        />
        <TextInput label="Name" maxLength={100} autoComplete="off" {...form.getInputProps('name')} />
        <RoleChoice
          value={form.values.role}
          onChange={(role) => form.setFieldValue('role', role)}
          error={form.errors.role}
        />
        <FormFoot verb="Invite user" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}
