import { Alert, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api, type Schemas } from '@/api/client'
import { asProblem, fieldMessages } from '@/api/problem'
import { inlineInvalid } from '@/form/invalid'
import { forgetAccount } from '@/session/account'
import { meQuery } from '@/session/me'
import { tellTabs } from '@/session/tabs'
import { Loading } from '@/state/Loading'
import { Door } from './Door'
import { takeToken } from './token'

const words = {
  setup: [
    'Create the first owner',
    'You will be the owner of this hub: you can invite others and change everything.',
    'Create the owner and sign in',
  ],
  invite: [
    'Welcome to Tocsin',
    'Choose a password to take up the invitation.',
    'Set the password and sign in',
  ],
  reset: ['Choose a new password', 'You will be signed out everywhere else.', 'Set the password and sign in'],
} as const

/** SetupPage uses a one-time link: the first owner's, an invitation, or one for a new password. */
export function SetupPage() {
  // The token stands behind the # of the link, which browsers keep to themselves.
  const [token] = useState(takeToken)
  const link = useQuery({
    queryKey: ['link', token],
    enabled: token !== '',
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async () => (await api.POST('/api/v1/setup/inspect', { body: { token } })).data,
  })
  if (!token) {
    return (
      <Door
        title="This link is not complete"
        about="Open the whole link as you were given it, with everything behind the #."
      >
        {toSignIn}
      </Door>
    )
  }
  if (link.error) {
    const problem = asProblem(link.error)
    return (
      <Door
        title="This link cannot be used"
        about={
          problem.status === 404
            ? 'It was used already, or its time is over. Ask for a new one; the first owner’s is printed when the hub starts.'
            : problem.message
        }
      >
        {toSignIn}
      </Door>
    )
  }
  if (!link.data) return <Door title="One moment…">{<Loading lines={4} />}</Door>
  return <ChoosePassword token={token} link={link.data} />
}

const toSignIn = (
  <Button component={Link} to="/sign-in" variant="light">
    Go to the sign-in page
  </Button>
)

function ChoosePassword({ token, link }: { token: string; link: Schemas['LinkInfo'] }) {
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const [codeNeeded, setCodeNeeded] = useState(false)
  const first = link.purpose === 'setup'
  const form = useForm({
    initialValues: { email: link.email ?? '', name: '', password: '', again: '' },
    validate: {
      password: (value) => (value.length < 12 ? 'At least 12 characters' : null),
      again: (value, values) => (value === values.password ? null : 'The two passwords differ'),
    },
  })
  const [title, about, verb] = words[link.purpose]

  const submit = form.onSubmit(async ({ email, name, password }) => {
    setBusy(true)
    setError('')
    try {
      const { data } = await api.POST('/api/v1/setup', {
        body: { token, password, ...(first ? { email } : {}), ...(name ? { name } : {}) },
      })
      if (data?.code_needed) {
        setCodeNeeded(true)
        return
      }
      forgetAccount()
      queries.clear()
      await queries.ensureQueryData(meQuery)
      tellTabs('in')
      await navigate({ to: '/' })
    } catch (thrown) {
      const problem = asProblem(thrown)
      form.setErrors(fieldMessages(problem))
      setError(problem.message)
    } finally {
      setBusy(false)
    }
  })

  if (codeNeeded) {
    return (
      <Door title="The password is set" about="Sign in with it and with a code of your second factor.">
        {toSignIn}
      </Door>
    )
  }
  return (
    <Door title={title} about={about}>
      <form onSubmit={submit} onInvalidCapture={inlineInvalid(form)}>
        <Stack>
          <TextInput
            label="E-mail address"
            type="email"
            autoComplete="username"
            required={first}
            readOnly={!first}
            autoFocus={first}
            {...form.getInputProps('email')}
          />
          <TextInput
            label="Your name"
            autoComplete="name"
            maxLength={100}
            required={first}
            autoFocus={!first}
            {...form.getInputProps('name')}
          />
          <PasswordInput
            label="Password"
            description="At least 12 characters. A few random words are easy to remember and hard to guess."
            autoComplete="new-password"
            minLength={12}
            maxLength={200}
            required
            {...form.getInputProps('password')}
          />
          <PasswordInput
            label="Repeat the password"
            autoComplete="new-password"
            maxLength={200}
            required
            {...form.getInputProps('again')}
          />
          {error && (
            <Alert color="red" variant="light" role="alert">
              <Text size="sm">{error}</Text>
            </Alert>
          )}
          <Button type="submit" loading={busy} fullWidth>
            {verb}
          </Button>
        </Stack>
      </form>
    </Door>
  )
}
