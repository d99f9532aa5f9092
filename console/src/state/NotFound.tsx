import { Button } from '@mantine/core'
import { IconMap2 } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Empty } from './Empty'

/** NotFound is what an address without a page shows. */
export function NotFound() {
  return (
    <Empty
      icon={IconMap2}
      title="There is no page at this address"
      text="It may have been moved, or the link was cut short."
    >
      <Button component={Link} to="/" variant="light">
        Go to the overview
      </Button>
    </Empty>
  )
}
