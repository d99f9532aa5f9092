import type { Schemas } from '@/api/client'
import { useMe } from '@/session/me'
import { ShownOnce } from '../once/ShownOnce'
import { Snippet } from '../once/Snippet'

/** NewKeyShown shows a new key this once, with a line that tries it. */
export function NewKeyShown({ made, close }: { made: Schemas['NewKey']; close: () => void }) {
  const me = useMe()
  const server = me.public_url || window.location.origin
  const header = `-H 'X-API-Key: ${made.key}'`
  const sends = made.scopes.includes('events:write') || made.scopes.includes('admin')
  const type = made.event_types.find((each) => !each.includes('*')) ?? 'alert.created'
  return (
    <ShownOnce
      label="API key"
      value={made.key}
      close={close}
      text={
        <>
          The key of <b>{made.name}</b>. Put it where the program reads its secrets; what the hub keeps of it
          is a hash.
        </>
      }
    >
      <Snippet
        label="Try it"
        text={
          sends
            ? `curl ${server}/api/v1/events \\\n  ${header} \\\n  --json '{"type": "${type}", "severity": "low", "title": "A first event"}'`
            : `curl ${server}/api/v1/me \\\n  ${header}`
        }
      />
    </ShownOnce>
  )
}
