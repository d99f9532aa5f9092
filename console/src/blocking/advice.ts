/** Advice is what to do about something that the guard found, and the page where it is done. */
export interface Advice {
  text: string
  path?: string
  label?: string
}

const advices: Record<string, Advice> = {
  protected: {
    text: 'No approval gets around this. If it must be blocked after all, take the entry off the list first.',
    path: '/blocks/never-block',
    label: 'Never-block list',
  },
  width: { text: 'Ask for a narrower range, or for several.', path: '/blocks/policy', label: 'Policy' },
  rate_minute: { text: 'Wait a minute, or raise the rate.', path: '/blocks/policy', label: 'Policy' },
  rate_hour: { text: 'Wait, or raise the rate.', path: '/blocks/policy', label: 'Policy' },
  share: {
    text: 'Let blocks end that are not needed any more, or raise the share.',
    path: '/blocks/responders',
    label: 'Responders',
  },
  capacity: {
    text: 'Let blocks end that are not needed any more, or make room at the vendor.',
    path: '/blocks/responders',
    label: 'Responders',
  },
  four_eyes: { text: 'Ask for it: a colleague who may approve blocks decides.' },
  permanent: { text: 'Give it an end, or ask for it: a colleague who may approve blocks decides.' },
  kill_switch: {
    text: 'Nothing is blocked until it is turned off.',
    path: '/blocks/policy',
    label: 'Kill switch',
  },
  ttl: { text: 'Choose another duration, and give a reason if it is to be permanent.' },
  no_responder: {
    text: 'Connect a firewall first, or enable one.',
    path: '/blocks/responders',
    label: 'Responders',
  },
  unsupported: {
    text: 'Choose a target that a responder takes.',
    path: '/blocks/responders',
    label: 'Responders',
  },
}

/** adviceOn says what to do about a finding of the guard, by its code; undefined for one that nobody knows. */
export const adviceOn = (code: string): Advice | undefined =>
  Object.hasOwn(advices, code) ? advices[code] : undefined
