import { Select, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { done } from '@/act/notify'
import { $api, api, type Schemas } from '@/api/client'
import { useMe } from '@/session/me'
import { FormFoot } from '../form/FormFoot'
import { ifMatch } from '../form/ifMatch'
import { useSubmit } from '../form/useSubmit'

/** AccountForm creates an account below, or changes one. Only the operator chooses plans. */
export function AccountForm({
  account,
  close,
  changed,
}: {
  account: Schemas['Account'] | undefined
  close: () => void
  changed: () => Promise<unknown>
}) {
  const me = useMe()
  const plans = $api.useQuery('get', '/api/v1/plans')
  const initial = () => ({
    name: account?.name ?? '',
    title: account?.title ?? '',
    plan: account?.plan ?? '',
    // The operator's own account is above nobody unless they say so: those below share a plan.
    parent: account ? (account.parent ?? '') : me.operator ? '' : me.account,
  })
  const form = useForm({ initialValues: initial() })
  const { submit, invalid, busy, problem } = useSubmit(
    form,
    async ({ name, title, plan, parent }) => {
      if (account) {
        await api.PATCH('/api/v1/accounts/{name}', {
          params: { path: { name: account.name }, ...ifMatch(account.version) },
          body: {
            title,
            ...(plan === account.plan ? {} : { plan }),
            ...(parent === (account.parent ?? '') ? {} : { parent }),
          },
        })
      } else {
        await api.POST('/api/v1/accounts', {
          body: { name, title, ...(plan ? { plan } : {}), ...(parent ? { parent } : {}) },
        })
      }
      await changed()
      close()
      done(
        account
          ? 'The account is saved.'
          : `The account ${name} is created. Act in it to create its first key.`,
      )
    },
    undefined,
    account && { version: account.version, values: initial },
  )
  const parents = me.accounts
    .filter((each) => each.name !== account?.name)
    .map((each) => ({ value: each.name, label: each.title || each.name }))
  return (
    <form onSubmit={submit} onInvalidCapture={invalid}>
      <Stack>
        <TextInput
          label="Name"
          description={
            account
              ? 'It is the account’s id and stays.'
              : 'a–z, 0–9, - and _; it never changes, and is never used again'
          }
          placeholder="acme-retail"
          required
          readOnly={account !== undefined}
          maxLength={64}
          data-autofocus={account ? undefined : true}
          {...form.getInputProps('name')}
        />
        <TextInput
          label="Title"
          description="What people call it"
          placeholder="Acme Retail"
          maxLength={200}
          data-autofocus={account ? true : undefined}
          {...form.getInputProps('title')}
        />
        <Select
          label="Parent"
          description="The account above it may receive its events, and its administrators may act in it"
          placeholder="No account above it"
          data={parents}
          searchable
          clearable={me.operator}
          {...form.getInputProps('parent')}
          value={form.values.parent || null}
          onChange={(value) => form.setFieldValue('parent', value ?? '')}
        />
        <Select
          label="Plan"
          description={
            me.operator
              ? 'Left out, that of the account above, or the default plan'
              : 'The operator of the hub chooses it'
          }
          placeholder="As the account above"
          disabled={!me.operator}
          clearable
          data={(plans.data?.items ?? []).map((plan) => ({
            value: plan.name,
            label: plan.title || plan.name,
          }))}
          {...form.getInputProps('plan')}
          value={form.values.plan || null}
          onChange={(value) => form.setFieldValue('plan', value ?? '')}
        />
        <FormFoot
          verb={account ? 'Save' : 'Create account'}
          busy={busy}
          problem={problem}
          cancel={close}
          reload={() => void changed()}
        />
      </Stack>
    </form>
  )
}
