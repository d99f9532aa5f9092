import { VisuallyHidden } from '@mantine/core'
import { useAnnounced } from '@/page/announce'

/** Announcer reads out which page has come, as a browser does when it loads one. */
export function Announcer() {
  return (
    <VisuallyHidden role="status" data-testid="announcer">
      {useAnnounced()}
    </VisuallyHidden>
  )
}
