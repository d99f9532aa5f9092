import { Tooltip } from '@mantine/core'
import { State } from '@/text/State'
import { type BlockState, blockMeanings } from './words'

/** BlockMark shows where a block stands as a whole. */
export function BlockMark({ state }: { state: BlockState }) {
  const { label, tone, help } = blockMeanings[state]
  return (
    <Tooltip label={help} multiline maw={300}>
      <span style={{ display: 'inline-flex', verticalAlign: 'middle' }}>
        <State value={state} label={label} tone={tone} />
      </span>
    </Tooltip>
  )
}
