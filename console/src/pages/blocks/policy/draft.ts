import type { Policy } from './usePolicy'

/** settings are the names of what the form changes; the kill switch is turned by itself. */
export const settings = [
  'default_ttl',
  'max_ttl',
  'widest_ipv4',
  'widest_ipv6',
  'per_minute',
  'per_hour',
  'max_share',
  'on_breach',
  'approve_wider_ipv4',
  'approve_wider_ipv6',
  'approve_permanent',
  'approve_automatic',
  'approve_all',
  'approval_time',
  'evict',
  'report_drift',
] as const

export type Setting = (typeof settings)[number]

/** PolicyDraft is the policy as the form has it. */
export type PolicyDraft = Pick<Policy, Setting>

/** draftOf is what of a policy the form changes. */
export function draftOf(policy: Policy): PolicyDraft {
  return Object.fromEntries(settings.map((name) => [name, policy[name]])) as PolicyDraft
}

/** patchOf is what is different: only that is sent, so that nobody's change is written over unseen. */
export function patchOf(before: PolicyDraft, after: PolicyDraft): Partial<PolicyDraft> {
  return Object.fromEntries(
    settings.filter((name) => before[name] !== after[name]).map((name) => [name, after[name]]),
  ) as Partial<PolicyDraft>
}
