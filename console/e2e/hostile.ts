/** markup is what would be run if anybody took text for HTML. Every field says another number, so that a fault tells its place. */
export const markup = (place: string) =>
  `<script>window.hit='${place}'</script><img src=x onerror="window.hit='${place}'"></script><svg onload=alert(1)>`

/** unseen are characters that cannot be seen, and those that turn the direction of what follows. */
export const unseen = '\u202e\u2066\u0007\u001b[31m\u200b'

/** text is a hostile text for a field: markup, directions, control characters. */
export const text = (place: string) => `${place} ${unseen}${markup(place)}`

/** address is an address that would run something if it were a link. */
const address = `javascript:window.hit='url'`

/** hostileAlert is an alert of which every field that a sender may write is hostile. */
export const hostileAlert = (key: string) => ({
  type: 'alert.created',
  severity: 'critical',
  // As long as the hub takes: 2 KiB of title, 8 KiB of an entity's value; of a description 64 KiB.
  title: `${text('title')} ${'A'.repeat(1_800)}`,
  description: `${text('description')} ${'A'.repeat(10_000)}`,
  project: text('project'),
  alert_type: 'hostile',
  dedup_key: key,
  ordering_key: text('ordering'),
  endpoint: text('endpoint'),
  rule: { id: text('ruleid'), name: text('rulename') },
  mitre: ['T1059', `T9999</script>${unseen}`],
  risk_score: 99,
  actor: text('actor'),
  entities: [
    { type: 'ip', value: '203.0.113.66', role: 'source', observed: true },
    { type: 'url', value: address, role: 'target' },
    { type: 'user', value: text('entity'), role: 'target' },
    { type: 'file', value: `${'B'.repeat(8_000)}`, role: 'target' },
  ],
  geo: { country_code: 'NL', country: text('country'), city: text('city') },
  network: { asn: 64500, organisation: text('network') },
  tags: [text('tag')],
  labels: { [text('labelname').slice(0, 60)]: text('label') },
  tlp: 'amber',
  url: address,
  source: {
    vendor: text('vendor'),
    product: text('product'),
    instance: text('instance'),
    id: text('sourceid'),
  },
  data: { nested: { html: text('data'), link: address } },
})
