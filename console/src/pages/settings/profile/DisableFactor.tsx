import { Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { FormFoot } from '../form/FormFoot'
import { useSubmit } from '../form/useSubmit'

/** DisableFactor asks for the password and a code, and gives the second factor up. */
export function DisableFactor({
  opened,
  close,
  changed,
}: {
  opened: boolean
  close: () => void
  changed: () => void
}) {
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="Turn the second factor off?"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Form close={close} changed={changed} />
    </Modal>
  )
}

function Form({ close, changed }: { close: () => void; changed: () => void }) {
  const form = useForm({ initialValues: { password: '', code: '' } })
  const { submit, invalid, busy, problem } = useSubmit(form, async (body) => {
    await api.POST('/api/v1/me/totp/disable', { body })
    changed()
    close()
    done('The second factor is off.')
  })
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack gap="sm">
        <Text size="sm">
          The password alone will sign you in, and your recovery codes will not work any more.
        </Text>
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          data-autofocus
          {...form.getInputProps('password')}
        />
        <TextInput
          label="Code"
          description="Six digits of your authenticator, or a recovery code"
          autoComplete="one-time-code"
          required
          {...form.getInputProps('code')}
        />
        <FormFoot verb="Turn off" busy={busy} problem={problem} cancel={close} />
      </Stack>
    </form>
  )
}
