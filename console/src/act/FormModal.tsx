import { Modal, type ModalProps } from '@mantine/core'
import { useFocusBack } from './focus'
import { Holding, useHolding } from './unsaved'

/** FormModal is a dialog with a form in it: what somebody wrote is not lost by a key, or by a click beside it. */
export function FormModal({ onClose, closeOnClickOutside = true, children, ...props }: ModalProps) {
  const { holder, dirty, leave } = useHolding(onClose)
  const giveBack = useFocusBack(props.opened)
  return (
    <Modal
      closeButtonProps={{ 'aria-label': 'Close' }}
      onExitTransitionEnd={giveBack}
      {...props}
      returnFocus={false}
      onClose={leave}
      closeOnClickOutside={closeOnClickOutside && !dirty}
    >
      <Holding value={holder}>{children}</Holding>
    </Modal>
  )
}
