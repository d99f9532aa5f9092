import { Button, Group, Text } from '@mantine/core'
import { IconCheck, IconShieldOff, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import { blockAgain, unblock } from '@/blocking/end'
import { useCan } from '@/session/me'
import { count } from '@/text/number'
import { approve, reject } from '../decide/decide'
import { type ManyAct, ManyDialog } from '../decide/ManyDialog'
import { type Block, isOpen } from '../words'
import classes from './Filters.module.css'
import { useBlocksChanged } from './useBlocks'

/** BulkBar does something to all blocks that are chosen. */
export function BulkBar({ chosen, clear }: { chosen: readonly Block[]; clear: () => void }) {
  const [what, setWhat] = useState<ManyAct>()
  const changed = useBlocksChanged()
  const mayDecide = useCan('blocks:approve')
  const waiting = chosen.filter((block) => block.state === 'pending_approval')
  const active = chosen.filter((block) => block.state === 'active')
  const close = () => {
    setWhat(undefined)
    clear()
    void changed()
  }
  return (
    <Group gap="xs" className={classes.filters} role="toolbar" aria-label="Selected blocks">
      <Text size="sm" fw={600} className="numbers">
        {count(chosen.length, 'block')} selected
      </Text>
      {waiting.length > 0 && mayDecide && (
        <>
          <Button
            size="xs"
            leftSection={<IconCheck size={14} aria-hidden />}
            onClick={() => setWhat(approving(waiting))}
          >
            Approve {waiting.length}
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconX size={14} aria-hidden />}
            onClick={() => setWhat(rejecting(waiting))}
          >
            Reject {waiting.length}
          </Button>
        </>
      )}
      {active.length > 0 && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconShieldOff size={14} aria-hidden />}
          onClick={() => setWhat(unblocking(active))}
        >
          Unblock {active.length}
        </Button>
      )}
      {!chosen.some(isOpen) && (
        <Text size="sm" c="dimmed">
          All of them have ended.
        </Text>
      )}
      <Button size="xs" variant="subtle" onClick={clear}>
        Clear selection
      </Button>
      <ManyDialog what={what} close={close} />
    </Group>
  )
}

const approving = (blocks: readonly Block[]): ManyAct => ({
  title: `Approve ${count(blocks.length, 'block')}?`,
  text: 'They become active, and their responders apply them. The guard looks at each once more.',
  verb: 'Approve',
  past: 'approved',
  reason: 'Note (for the record)',
  optionalReason: true,
  blocks,
  act: approve,
})

const rejecting = (blocks: readonly Block[]): ManyAct => ({
  title: `Reject ${count(blocks.length, 'block')}?`,
  text: 'The requests end. Nothing is blocked. A rejected request cannot be brought back; it can be requested again.',
  verb: 'Reject',
  past: 'rejected',
  danger: true,
  reason: 'Why',
  blocks,
  act: reject,
})

const unblocking = (blocks: readonly Block[]): ManyAct => ({
  title: `Unblock ${count(blocks.length, 'target')}?`,
  text: 'The blocks end, and every responder takes them away. You can undo this for a moment: they are requested again then.',
  verb: 'Unblock',
  past: 'ended',
  danger: true,
  reason: 'Why (for the record)',
  optionalReason: true,
  blocks,
  act: unblock,
  undo: blockAgain,
})
