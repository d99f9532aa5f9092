import type { Incident } from './columns'

/**
 * decided says whether what people decide of two versions of an incident is the same. Notes, files, alerts and tickets raise
 * its version, too, and are no reason to stop somebody who acts.
 */
export const decided = (a: Incident, b: Incident): boolean =>
  a.status === b.status &&
  a.severity === b.severity &&
  a.owner === b.owner &&
  a.classification === b.classification &&
  a.reason === b.reason &&
  a.title === b.title &&
  a.description === b.description &&
  a.project === b.project &&
  a.tags.length === b.tags.length &&
  a.tags.every((tag, n) => tag === b.tags[n])
