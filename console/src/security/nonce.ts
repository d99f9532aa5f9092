import { setNonce } from 'get-nonce'

/** styleNonce is what style elements need to be accepted by the content security policy of this page. */
export function styleNonce(): string {
  const tag = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')
  return tag?.nonce || tag?.getAttribute('nonce') || ''
}

/** installStyleNonce tells it to the libraries that make style elements without asking Mantine. */
export function installStyleNonce(): void {
  setNonce(styleNonce())
}
