import { Drawer, type DrawerProps } from '@mantine/core'
import { useFocusBack } from './focus'
import { Holding, useHolding } from './unsaved'

/** FormDrawer is a drawer with a form in it: what somebody wrote is not lost by a key, or by a click beside it. */
export function FormDrawer({ onClose, closeOnClickOutside = true, children, ...props }: DrawerProps) {
  const { holder, dirty, leave } = useHolding(onClose)
  const giveBack = useFocusBack(props.opened)
  return (
    <Drawer
      closeButtonProps={{ 'aria-label': 'Close' }}
      onExitTransitionEnd={giveBack}
      {...props}
      returnFocus={false}
      onClose={leave}
      closeOnClickOutside={closeOnClickOutside && !dirty}
    >
      <Holding value={holder}>{children}</Holding>
    </Drawer>
  )
}
