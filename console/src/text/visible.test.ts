import { expect, it } from 'vitest'
import { visible } from './visible'

it.each([
  ['plain äöü 漢字 🙂', 'plain äöü 漢字 🙂'],
  ['a\u202Egnp.exe', 'a⟨202E⟩gnp.exe'],
  ['zero\u200Bwidth', 'zero⟨200B⟩width'],
  ['\u0000\u001b[31mred', '⟨0000⟩⟨001B⟩[31mred'],
  ['line\nend\ttab', 'line\nend\ttab'],
  ['tag\u{e0041}', 'tag⟨E0041⟩'],
])('%j is shown as %j', (text, wanted) => expect(visible(text)).toBe(wanted))
