import { useNavigate } from '@tanstack/react-router'
import { places } from '@/app/shell/navigation'
import { can, useMe } from '@/session/me'
import { useKeys } from './useKeys'

/** GoKeys leads to pages by g and their letter. */
export function GoKeys() {
  const navigate = useNavigate()
  const { scopes } = useMe()
  const seen = places.filter((place) => !place.scopes || can(scopes, ...place.scopes))
  useKeys(
    Object.fromEntries(seen.map((place) => [`g ${place.letter}`, () => void navigate({ href: place.path })])),
  )
  return null
}
