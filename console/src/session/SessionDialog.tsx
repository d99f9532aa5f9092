import { Button, Modal, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { api } from '@/api/client'
import { EventText } from '@/text/EventText'
import { useDoubt } from './doubt'
import { useMe } from './me'
import { SignInForm } from './SignInForm'
import { meet } from './watch'

/** above is over every other dialog and notice. */
const above = 1000

/**
 * SessionDialog stands above the page while the session is in doubt. The page stays as it is below it, with all that was typed;
 * there is no way around the dialog.
 */
export function SessionDialog() {
  const doubt = useDoubt()
  return (
    <Modal
      opened={doubt !== undefined}
      onClose={() => undefined}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      zIndex={above}
      title={
        doubt?.kind === 'other' ? (
          <>
            You are signed in as <EventText inherit>{doubt.name}</EventText> now
          </>
        ) : (
          'Your session has ended'
        )
      }
    >
      {doubt?.kind === 'other' ? <Other /> : <Ended />}
    </Modal>
  )
}

function Ended() {
  const me = useMe()
  const queries = useQueryClient()
  const goOn = async () => {
    const { data } = await api.GET('/api/v1/me')
    if (!data) throw new Error('the hub did not say who is signed in')
    meet(queries, data)
    // What failed meanwhile failed for want of the session; all else is read again as the stream opens.
    await queries.invalidateQueries({ predicate: ({ state }) => state.status === 'error' })
  }
  return (
    <Stack>
      <Text size="sm">Sign in again to go on where you are: what you typed is still there.</Text>
      <SignInForm account={me.home} email={me.user?.email} signedIn={goOn} />
      <Button variant="subtle" size="compact-sm" onClick={() => window.location.assign('/sign-in')}>
        Sign in as somebody else
      </Button>
    </Stack>
  )
}

function Other() {
  const me = useMe()
  return (
    <Stack>
      <Text size="sm">
        It was done in another tab. What this one shows is what {me.name} may see; load it anew to go on.
      </Text>
      <Button onClick={() => window.location.reload()} data-autofocus>
        Reload
      </Button>
    </Stack>
  )
}
