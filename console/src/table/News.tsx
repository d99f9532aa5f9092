import { Button } from '@mantine/core'
import { IconArrowUp } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import classes from './News.module.css'

/**
 * News lays a button over a table that says what the table does not show yet, and shows it; nothing moves when it comes.
 * Without a text there is none.
 */
export function News({ text, show, children }: { text: string; show: () => void; children: ReactNode }) {
  return (
    <div className={classes.table}>
      <div className={classes.news} role="status">
        {text && (
          <Button
            className={`${classes.button} numbers`}
            size="compact-xs"
            radius="xl"
            leftSection={<IconArrowUp size={14} aria-hidden />}
            onClick={show}
          >
            {text}
          </Button>
        )}
      </div>
      {children}
    </div>
  )
}
