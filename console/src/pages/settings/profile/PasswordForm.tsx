import { PasswordInput, Stack } from '@mantine/core'
import { useForm } from '@mantine/form'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'

/** shortest is how many characters a password has at least. */
const shortest = 12

/** PasswordForm changes the own password. */
export function PasswordForm({ changed }: { changed: () => void }) {
  const form = useForm({
    initialValues: { old: '', new: '', again: '' },
    validate: {
      new: (value) => (value.length < shortest ? `At least ${shortest} characters` : null),
      again: (value, values) => (value === values.new ? null : 'The two passwords differ'),
    },
  })
  const { submit, invalid, busy, problem } = useSubmit(form, async (values) => {
    await api.POST('/api/v1/me/password', { body: { old: values.old, new: values.new } })
    form.reset()
    changed()
    done('The password is changed. You are signed out everywhere else.')
  })
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack gap="sm">
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          maxLength={1024}
          required
          {...form.getInputProps('old')}
        />
        <PasswordInput
          label="New password"
          description={`At least ${shortest} characters. A few random words are easy to remember and hard to guess.`}
          autoComplete="new-password"
          maxLength={200}
          required
          {...form.getInputProps('new')}
        />
        <PasswordInput
          label="Repeat the new password"
          autoComplete="new-password"
          maxLength={200}
          required
          {...form.getInputProps('again')}
        />
        <FormFoot verb="Change password" busy={busy} problem={problem} />
      </Stack>
    </form>
  )
}
