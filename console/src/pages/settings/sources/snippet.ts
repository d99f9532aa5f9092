/** Sender is what a snippet needs to know. */
export interface Sender {
  url: string
  /** secret is in clear only right after it was made; otherwise a placeholder of the shell stands there. */
  secret?: string
  auth: Record<string, unknown>
}

const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`
const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** snippet is a command line that sends the file body.json to a source, proving itself in the source's way. */
export function snippet({ url, secret, auth }: Sender): string {
  const set = secret === undefined ? 'SECRET=…' : `SECRET=${quote(secret)}`
  const send = `curl ${quote(url)} --json @body.json`
  switch (text(auth.method)) {
    case 'bearer':
      return `${set}\n${send} -H "Authorization: Bearer $SECRET"`
    case 'basic':
      return `${set}\n${send} -u ${quote(text(auth.username))}":$SECRET"`
    case 'header':
      return `${set}\n${send} -H ${quote(`${text(auth.header)}: `)}"$SECRET"`
    case 'hmac':
      return `${set}\n${hmac(auth, send)}`
    case 'github':
      return `${set}
S=$(openssl dgst -sha256 -hmac "$SECRET" -r body.json | cut -d' ' -f1)
${send} -H "X-GitHub-Delivery: $(openssl rand -hex 16)" \\
  -H "X-Hub-Signature-256: sha256=$S"`
    case 'standard_webhooks':
      return `${set}
ID=msg_$(openssl rand -hex 12); T=$(date +%s)
K=$(printf %s "\${SECRET#whsec_}" | base64 -d | xxd -p -c 256)
S=$( (printf %s.%s. $ID $T; cat body.json) | openssl dgst -sha256 -mac HMAC -macopt hexkey:$K -binary | base64)
${send} -H "webhook-id: $ID" -H "webhook-timestamp: $T" \\
  -H "webhook-signature: v1,$S"`
    case 'tocsin':
      return `${set}
T=$(date +%s)${
        // The key is what a whsec_ secret holds, and the bytes of any other.
        secret === undefined || secret.startsWith('whsec_')
          ? `; K=$(printf %s "\${SECRET#whsec_}" | base64 -d | xxd -p -c 256)
S=$( (printf %s. $T; cat body.json) | openssl dgst -sha256 -mac HMAC -macopt hexkey:$K -r | cut -d' ' -f1)`
          : `
S=$( (printf %s. $T; cat body.json) | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)`
      }
${send} -H "X-Tocsin-Delivery: dlv_$(openssl rand -hex 8)" \\
  -H "X-Tocsin-Signature: t=$T,v1=$S"`
    case 'mtls':
      return `${send} --cert client.pem --key client.key`
    case 'none':
      return send
    default:
      return `${send} -H "X-API-Key: $TOCSIN_KEY"`
  }
}

function hmac(auth: Record<string, unknown>, send: string): string {
  const digest = text(auth.algorithm) || 'sha256'
  const timed = text(auth.timestamp_header)
  const signed = text(auth.signed) || (timed ? 'timestamp.body' : 'body')
  const between = signed === 'timestamp:body' ? ':' : '.'
  const input = signed === 'body' ? 'cat body.json' : `(printf %s${between} $T; cat body.json)`
  const written =
    text(auth.encoding) === 'base64'
      ? `openssl dgst -${digest} -hmac "$SECRET" -binary | base64`
      : `openssl dgst -${digest} -hmac "$SECRET" -r | cut -d' ' -f1`
  const headers = `${timed ? `-H ${quote(`${timed}: `)}"$T" \\\n  ` : ''}-H ${quote(`${text(auth.header)}: ${text(auth.prefix)}`)}"$S"`
  return `${timed ? 'T=$(date +%s); ' : ''}S=$(${input} | ${written})\n${send} ${headers}`
}
