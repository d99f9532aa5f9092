/** Role is a person's part in an account. */
export interface Role {
  name: string
  title: string
  /** may is what it lets somebody do. */
  may: string
}

/** roles are all roles, from the least to the greatest. Each may what the one before may, and more. */
export const roles: Role[] = [
  { name: 'viewer', title: 'Viewer', may: 'Reads everything but the audit record. Changes nothing.' },
  {
    name: 'analyst',
    title: 'Analyst',
    may: 'Reads, and works on alerts, incidents, silences and failed deliveries.',
  },
  {
    name: 'responder',
    title: 'Responder',
    may: 'What an analyst may, and blocks addresses and approves blocks.',
  },
  {
    name: 'admin',
    title: 'Administrator',
    may: 'Everything in the account: integrations, people, keys, settings, the audit record. Not its owners.',
  },
  { name: 'owner', title: 'Owner', may: 'Everything, and alone makes, changes or removes owners.' },
]

/** roleOf finds a role by its name. */
export const roleOf = (name: string | undefined): Role | undefined => roles.find((role) => role.name === name)

/** mayGive says whether somebody of a role may give another one: nobody gives a role above their own. */
export function mayGive(own: string | undefined, given: string): boolean {
  const rank = (name: string | undefined) => roles.findIndex((role) => role.name === name)
  return rank(given) >= 0 && rank(given) <= rank(own)
}
