import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { forgetAccount } from '@/session/account'
import { meQuery } from '@/session/me'
import { SignInForm } from '@/session/SignInForm'
import { Door } from './Door'
import { FreshHub } from './FreshHub'
import { sessionQuery } from './session'

/** SignInPage asks whoever comes without a session to sign in, and leads on to where they wanted to go. */
export function SignInPage() {
  const { next } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const queries = useQueryClient()
  const goOn = async () => {
    forgetAccount()
    queries.clear()
    await queries.ensureQueryData(meQuery)
    await navigate({ href: next ?? '/' })
  }
  const { data: session } = useQuery(sessionQuery)
  return (
    <Door title="Sign in">
      {session?.setup_needed && <FreshHub />}
      <SignInForm signedIn={goOn} />
    </Door>
  )
}
