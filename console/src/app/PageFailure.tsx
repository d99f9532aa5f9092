import { type ErrorComponentProps, useRouter } from '@tanstack/react-router'
import { Failure } from '@/state/Failure'

/** PageFailure stands in the place of a page, or of a part of one, that failed; what is around it stays. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  // What the page needs first is read again, too: a page that failed for want of it would fail again.
  const retry = () => void router.invalidate().finally(reset)
  return <Failure error={error} retry={retry} />
}
