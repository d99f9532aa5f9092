import { Button, Group, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { done } from '@/act/notify'
import { api } from '@/api/client'
import { useCan, useMe } from '@/session/me'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'
import { Fact } from '../frame/Fact'

/** NameForm shows who is signed in. Who may change users may change their own name here, too. */
export function NameForm({ changed }: { changed: () => void }) {
  const me = useMe()
  // People are changed in their own account; while acting in another one they are not found.
  const may = useCan('admin') && me.account === me.home
  const form = useForm({ initialValues: { name: me.user?.name ?? '' } })
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async ({ name }) => {
      if (!me.user) return
      await api.PATCH('/api/v1/users/{id}', {
        params: { path: { id: me.id }, ...ifMatch(me.user.version) },
        body: { name },
      })
      form.resetDirty({ name })
      changed()
      done('Your name is changed.')
    },
    undefined,
    me.user && { version: me.user.version, values: () => ({ name: me.user?.name ?? '' }) },
  )
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack gap="sm">
        <Group gap="xl">
          <Fact label="Signs in with">{me.user?.email ?? me.name}</Fact>
          <Fact label="Account">{me.home}</Fact>
        </Group>
        <TextInput
          label="Your name"
          description={may ? undefined : 'An administrator can change it, under Users and roles.'}
          readOnly={!may}
          maxLength={100}
          autoComplete="name"
          {...form.getInputProps('name')}
        />
        {may && form.isDirty() && (
          <FormFoot verb="Save" busy={busy} problem={problem} reload={changed}>
            <Button variant="default" onClick={form.reset}>
              Cancel
            </Button>
          </FormFoot>
        )}
      </Stack>
    </form>
  )
}
