import { describe, expect, it } from 'vitest'
import { firstSteps } from './firstRun'

const demo = { name: 'demo inbox', kind: 'capture' }
const real = { name: 'SOC', kind: 'slack' }

describe('the first steps', () => {
  it.each([
    ['are shown while there is nothing', 'undecided', [], true],
    [
      'are shown while there is only the demo',
      'undecided',
      [demo, { name: 'demo webhook', kind: 'webhook' }],
      true,
    ],
    ['are not, once there is a destination', 'undecided', [demo, real], false],
    ['do not come up before it is known', 'undecided', undefined, false],
    ['stay away when they were hidden', 'hidden', [demo], false],
    ['come back when they were asked for', 'shown', [real], true],
  ] as const)('%s', (_, choice, integrations, want) => expect(firstSteps(choice, integrations)).toBe(want))
})
