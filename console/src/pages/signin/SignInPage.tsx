import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '@/api/client'
import { asProblem } from '@/api/problem'
import { forgetAccount } from '@/session/account'
import { meQuery } from '@/session/me'
import { Door } from './Door'
import { FreshHub } from './FreshHub'
import { sessionQuery } from './session'

/** SignInPage asks for the password, and for the second factor when there is one. */
export function SignInPage() {
  const { next } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [codeWanted, setCodeWanted] = useState(false)
  const [otherAccount, setOtherAccount] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const form = useForm({ initialValues: { account: '', email: '', password: '', code: '' } })

  const submit = form.onSubmit(async ({ account, email, password, code }) => {
    setBusy(true)
    setError('')
    try {
      await api.POST('/api/v1/session', {
        body: { email, password, ...(account ? { account } : {}), ...(code ? { code } : {}) },
      })
      forgetAccount()
      queries.clear()
      await queries.ensureQueryData(meQuery)
      await navigate({ href: next ?? '/' })
    } catch (thrown) {
      const problem = asProblem(thrown)
      if (problem.code === 'CODE_NEEDED') setCodeWanted(true)
      setError(problem.code === 'CODE_NEEDED' && !code ? '' : problem.message)
    } finally {
      setBusy(false)
    }
  })

  const { data: session } = useQuery(sessionQuery)
  return (
    <Door title="Sign in">
      {session?.setup_needed && <FreshHub />}
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
            autoFocus
            {...form.getInputProps('email')}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
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
          {!otherAccount && (
            <Button variant="subtle" size="compact-sm" onClick={() => setOtherAccount(true)}>
              My account is not “default”
            </Button>
          )}
        </Stack>
      </form>
    </Door>
  )
}
