import type { ModalProps } from '@mantine/core'
import { type ReactNode, useEffect, useState } from 'react'
import { FormModal } from './FormModal'
import { placeOfFocus } from './focus'

/** DialogProps are what a dialog says, and what follows it. */
export interface DialogProps extends Pick<ModalProps, 'size'> {
  title: string
  /** gone is called when the dialog has been closed and is out of sight. */
  gone: () => void
  /** children are what is in it; close closes it. */
  children: (close: () => void) => ReactNode
}

/** Dialog is a dialog that is open while it is in the page, and gives the focus back to what had it before. */
export function Dialog({ title, size, gone, children }: DialogProps) {
  const [opened, setOpened] = useState(false)
  const [giveBack] = useState(placeOfFocus)
  // Opened after it is there, so that it comes in as others do.
  useEffect(() => setOpened(true), [])
  return (
    <FormModal
      opened={opened}
      onClose={() => setOpened(false)}
      onExitTransitionEnd={() => {
        giveBack()
        gone()
      }}
      title={title}
      size={size}
    >
      {children(() => setOpened(false))}
    </FormModal>
  )
}
