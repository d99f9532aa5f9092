import { Button } from '@mantine/core'
import { IconPencil, IconRefresh, IconShieldOff, IconShieldPlus } from '@tabler/icons-react'
import { useState } from 'react'
import { done, failed } from '@/act/notify'
import { BlockDialog } from '@/blocking/BlockDialog'
import { useUnblock } from '@/blocking/useUnblock'
import { useCan } from '@/session/me'
import { retry } from '../decide/decide'
import { type Block, isFailing, isOpen } from '../words'
import { ChangeDialog } from './ChangeDialog'
import { useBlockChanged } from './useBlock'

/** Actions are what can be done with a block as it is. */
export function Actions({ block }: { block: Block }) {
  const mayBlock = useCan('blocks:write')
  const changed = useBlockChanged()
  const end = useUnblock()
  const [dialog, setDialog] = useState<'change' | 'again'>()
  const [busy, setBusy] = useState(false)
  if (!mayBlock) return null
  const tryAgain = async () => {
    setBusy(true)
    try {
      await retry(block)
      done('The responders try it again now.')
    } catch (thrown) {
      failed('Trying again', thrown)
    } finally {
      setBusy(false)
      await changed()
    }
  }
  return (
    <>
      {isOpen(block) && block.placements.some(isFailing) && (
        <Button
          variant="default"
          leftSection={<IconRefresh size={16} aria-hidden />}
          loading={busy}
          onClick={() => void tryAgain()}
        >
          Try again now
        </Button>
      )}
      {block.state === 'active' && (
        <Button
          variant="default"
          leftSection={<IconPencil size={16} aria-hidden />}
          onClick={() => setDialog('change')}
        >
          Edit
        </Button>
      )}
      {block.state === 'active' && (
        <Button
          variant="default"
          leftSection={<IconShieldOff size={16} aria-hidden />}
          onClick={() => end(block)}
        >
          Unblock
        </Button>
      )}
      {!isOpen(block) && (
        <Button leftSection={<IconShieldPlus size={16} aria-hidden />} onClick={() => setDialog('again')}>
          Block again
        </Button>
      )}
      <ChangeDialog block={block} opened={dialog === 'change'} close={() => setDialog(undefined)} />
      {dialog === 'again' && <BlockDialog target={block.target} onDone={() => setDialog(undefined)} />}
    </>
  )
}
