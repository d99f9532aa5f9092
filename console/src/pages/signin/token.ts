/** takeToken reads the token behind the # of a link, and takes it out of the address so that it is in no history. */
export function takeToken(): string {
  const token = new URLSearchParams(window.location.hash.slice(1)).get('token') ?? ''
  if (token) window.history.replaceState(window.history.state, '', window.location.pathname)
  return token
}
