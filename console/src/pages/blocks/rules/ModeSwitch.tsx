import { Button, Group, Text } from '@mantine/core'
import { IconEye, IconShieldCheck, IconUserQuestion } from '@tabler/icons-react'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { useCan } from '@/session/me'
import { Ago } from '@/text/Ago'
import { ifMatch } from '../decide/decide'
import { wouldWords } from './summary'
import { type Mode, modes, type Rule, useRulesChanged } from './useRules'

const choices: { mode: Mode; label: string; icon: typeof IconEye }[] = [
  { mode: 'shadow', label: 'Shadow', icon: IconEye },
  { mode: 'propose', label: 'Propose', icon: IconUserQuestion },
  { mode: 'apply', label: 'Block', icon: IconShieldCheck },
]

const questions: Record<Mode, { title: string; text: string; verb: string }> = {
  shadow: {
    title: 'Put the rule back into shadow mode?',
    text: 'It only says what it would have done from now on. The blocks that it made stay.',
    verb: 'Put it into shadow mode',
  },
  propose: {
    title: 'Let the rule propose blocks?',
    text: 'From now on it asks for blocks, and each waits for a person to approve it.',
    verb: 'Let it propose',
  },
  apply: {
    title: 'Let the rule block by itself?',
    text: 'From now on its blocks are made at once, without a person, wherever the guard and the policy allow. The never-block list, the rates and the kill switch hold for it, too.',
    verb: 'Let it block',
  },
}

/** ModeSwitch changes what a rule does with what it finds, after a look at what it would have done. */
export function ModeSwitch({ rule, report }: { rule: Rule; report: Schemas['ResponseReport'] | undefined }) {
  const mayChange = useCan('blocks:approve')
  const changed = useRulesChanged()
  const ask = (mode: Mode) => {
    const { title, text, verb } = questions[mode]
    confirm({
      title,
      text: (
        <>
          {rule.mode === 'shadow' && report && (
            <Text size="sm" mb="xs">
              In shadow mode since <Ago time={report.shadow_since} inherit />: {wouldWords(report.shadow)}
            </Text>
          )}
          <Text size="sm">{text}</Text>
        </>
      ),
      verb,
      danger: mode === 'apply',
      act: async () => {
        await api.PATCH('/api/v1/response-rules/{id}', {
          params: { path: { id: rule.id }, header: ifMatch(rule) },
          body: { mode },
        })
        await changed()
        done(`The rule: ${modes[mode].help}`)
      },
    })
  }
  return (
    <Panel>
      <Group justify="space-between" gap="sm">
        <Text size="sm" flex="1 1 260px">
          <b>{rule.mode === 'shadow' ? 'In shadow mode.' : 'Live.'}</b> {modes[rule.mode].help}
          {!rule.enabled && ' It is off at the moment.'}
        </Text>
        <Button.Group aria-label="Mode">
          {choices.map(({ mode, label, icon: Picture }) => (
            <Button
              key={mode}
              size="xs"
              variant={mode === rule.mode ? 'filled' : 'default'}
              leftSection={<Picture size={14} aria-hidden />}
              aria-pressed={mode === rule.mode}
              disabled={!mayChange}
              title={mayChange ? modes[mode].help : 'This needs the right to approve blocks.'}
              onClick={() => mode !== rule.mode && ask(mode)}
            >
              {label}
            </Button>
          ))}
        </Button.Group>
      </Group>
    </Panel>
  )
}
