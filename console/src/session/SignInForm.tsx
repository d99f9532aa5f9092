import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useState } from 'react'
import { api } from '@/api/client'
import { asProblem } from '@/api/problem'
import { tellTabs } from './tabs'

/** SignInForm asks for the password, and for the second factor when there is one. */
export function SignInForm({
  account: knownAccount,
  email: knownEmail = '',
  signedIn,
}: {
  /** account and email say who it was before; then only the password is asked for. */
  account?: string
  email?: string
  /** signedIn goes on from there. Its failure is shown in the form. */
  signedIn: () => Promise<unknown>
}) {
  const [codeWanted, setCodeWanted] = useState(false)
  const [otherAccount, setOtherAccount] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const form = useForm({
    initialValues: { account: knownAccount ?? '', email: knownEmail, password: '', code: '' },
  })

  const submit = form.onSubmit(async ({ account, email, password, code }) => {
    setBusy(true)
    setError('')
    try {
      await api.POST('/api/v1/session', {
        body: { email, password, ...(account ? { account } : {}), ...(code ? { code } : {}) },
      })
      await signedIn()
      tellTabs('in')
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (problem.code === 'CODE_NEEDED') setCodeWanted(true)
      setError(problem.code === 'CODE_NEEDED' && !code ? '' : problem.message)
    } finally {
      setBusy(false)
    }
  })

  return (
    <form onSubmit={submit}>
      <Stack>
        {otherAccount && (
          <TextInput
            label="Account"
            description="The name of your account on this hub"
            placeholder="default"
            {...form.getInputProps('account')}
          />
        )}
        <TextInput
          label="E-mail address"
          type="email"
          autoComplete="username"
          required
          readOnly={knownEmail !== ''}
          autoFocus={knownEmail === ''}
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          data-autofocus={knownEmail !== '' || undefined}
          {...form.getInputProps('password')}
        />
        {codeWanted && (
          <TextInput
            label="Code"
            description="Six digits of your authenticator, or a recovery code"
            autoComplete="one-time-code"
            inputMode="numeric"
            required
            autoFocus
            {...form.getInputProps('code')}
          />
        )}
        {error && (
          <Alert color="red" variant="light" role="alert">
            {error}
          </Alert>
        )}
        <Button type="submit" loading={busy} fullWidth>
          Sign in
        </Button>
        {!otherAccount && knownAccount === undefined && (
          <Button variant="subtle" size="compact-sm" onClick={() => setOtherAccount(true)}>
            My account is not “default”
          </Button>
        )}
      </Stack>
    </form>
  )
}
