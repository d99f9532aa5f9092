import { type ReactNode, useState } from 'react'
import { FormDrawer } from '@/act/FormDrawer'
import { atTitle } from '@/page/atTitle'

/** SideProps describe what stands at the side of a list: the details of a line, or the form for a new one. */
export interface SideProps {
  opened: boolean
  close: () => void
  title: ReactNode
  /** held keeps it open until its own button closes it: something is shown in it that is shown only once. */
  held?: boolean
  wide?: boolean
  /** read says that it is to be read: the focus begins at the title, as there is no field to begin with. */
  read?: boolean
  children: ReactNode
}

/** Side shows something beside the list. What it showed stays while it slides away; what is written in it is not lost unasked. */
export function Side({ opened, close, title, held, wide, read, children }: SideProps) {
  const [kept, setKept] = useState<{ title: ReactNode; children: ReactNode }>({ title, children })
  if (opened && (kept.title !== title || kept.children !== children)) setKept({ title, children })
  const shown = opened ? { title, children } : kept
  return (
    <FormDrawer
      opened={opened}
      onClose={close}
      title={shown.title}
      position="right"
      size={wide ? 760 : 560}
      attributes={read ? atTitle : undefined}
      closeOnClickOutside={!held}
      closeOnEscape={!held}
      withCloseButton={!held}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {shown.children}
    </FormDrawer>
  )
}
