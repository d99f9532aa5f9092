import { Box } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './Instead.module.css'

/**
 * Instead shows something in the place of something else, such as what can be done with the chosen lines in the place of the
 * filters: nothing below it moves when that comes and goes. Without show there is what usually stands there.
 */
export function Instead({ of, show }: { of: ReactNode; show: ReactNode }) {
  return (
    <Box className={classes.place}>
      <div className={classes.usual} data-hidden={show ? true : undefined}>
        {of}
      </div>
      {show && <div className={classes.other}>{show}</div>}
    </Box>
  )
}
