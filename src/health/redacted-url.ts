const hidden = 'xxxxx'

/**
 * A URL as it may be shown: without user and password, and without the values of its query, which may be tokens.
 *
 * @param url any text; what is no URL loses whatever may be a user and password
 */
export function redactedUrl(url: string): string {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return url.replace(/\/\/[^/?#]*@/, `//${hidden}@`).replace(/[?#].*$/s, '')
  }
  const credentials = parsed.username === '' && parsed.password === '' ? '' : `${hidden}@`
  const names = [...parsed.searchParams.keys()].map((name) => `${encodeURIComponent(name)}=${hidden}`)
  const query = names.length === 0 ? '' : `?${names.join('&')}`
  return `${parsed.protocol}//${credentials}${parsed.host}${parsed.pathname}${query}`
}
