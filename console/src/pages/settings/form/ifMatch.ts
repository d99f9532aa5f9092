/** ifMatch makes a change fail when the thing is no longer at this version. */
export const ifMatch = (version: number): { header: { 'If-Match': string } } => ({
  header: { 'If-Match': `"${version}"` },
})
