/** keyBytes is how long a secret that is made here is, in bytes: as much as the hash that signs with it can use. */
const keyBytes = 32

/** whsec makes a signing secret as Standard Webhooks write it: whsec_ and the base64 of bytes of the browser's random source. */
export const whsec = (bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(keyBytes))): string =>
  `whsec_${btoa(String.fromCharCode(...bytes))}`
