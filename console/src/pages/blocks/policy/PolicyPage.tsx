import { Loaded } from '@/state/Loaded'
import { BlocksFrame } from '../frame/BlocksFrame'
import { KillSwitch } from './KillSwitch'
import { PolicyForm } from './PolicyForm'
import { usePolicy } from './usePolicy'

/** PolicyPage shows the account's rules for blocks, and the kill switch. */
export function PolicyPage() {
  const policy = usePolicy()
  return (
    <BlocksFrame at="/blocks/policy" about="What the guard allows, what needs approval, and the kill switch.">
      <Loaded query={policy} lines={10}>
        {(data) => (
          <>
            <KillSwitch policy={data} />
            <PolicyForm policy={data} />
          </>
        )}
      </Loaded>
    </BlocksFrame>
  )
}
