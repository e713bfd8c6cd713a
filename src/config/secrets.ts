import type { Path } from './path.ts'

/** Keys whose values, and all that is below them, are never shown. */
const secretKeys: ReadonlySet<string> = new Set([
  'accesskey',
  'accesskeyid',
  'accesskeysecret',
  'accountkey',
  'connectionstring',
  'encryptionkeyid',
  'keyid',
  'licensekey',
  // A path; but some take it for the key itself.
  'privatekey',
  'tempurlcontainerkey',
])

/** The same goes for whatever has one of these in its name: headers and fields are named by anybody. */
const secretName = /token|secret|passw(?:or)?d|api[-_]?key|cookie|authorization|credential/i

/** Sections of which every header may be a secret: what they are called is known to the other side alone. */
const secretHeaders: readonly Path[] = [
  ['health', 'http', 0, 'headers'],
  ['notifications', 'endpoints', 0, 'headers'],
]

/** `auth.token` and `auth.htpasswd` are names of access controllers, and `access.token` holds no token. */
const sections: readonly unknown[] = ['auth', 'access']

/** Whether the value at that path must never be printed. */
export function isSecret(path: Path): boolean {
  return (
    secretHeaders.some((section) => isBelow(path, section)) ||
    path.some(
      (part, index) =>
        typeof part === 'string' &&
        (secretName.test(part) || secretKeys.has(part.toLowerCase())) &&
        !(index === 1 && sections.includes(path[0])),
    )
  )
}

/** Whether it is that section or in it. A number stands for all items of a list. */
function isBelow(path: Path, section: Path): boolean {
  return section.every((part, index) => {
    const own = path[index]
    return typeof part === 'number' ? typeof own === 'number' : own === part
  })
}

/** Text with the user and password of any URL in it blotted out. `http:me@a` is one too. */
export function withoutUserInfo(text: string): string {
  return text.replace(/(\/\/|^https?:\/?)[^/?#\s]*@/gi, '$1***@')
}

/**
 * A URL, or what was meant for one, as it may be shown: without user and password, and without the values of its query and
 * fragment, which may be tokens: `https://***@example.com/?a=***`. Whoever writes one may write it badly, so that it is cut
 * rather than parsed.
 */
export function safeUrl(text: string): string {
  const mark = text.search(/[?#]/)
  if (mark < 0) return withoutUserInfo(text)
  const parameters = text.slice(mark).replace(/([?#&;])([^=?#&;]*)(=?)([^#&;]*)/g, blotted)
  return withoutUserInfo(text.slice(0, mark)) + parameters
}

/** A parameter without `=` may be a token itself. */
function blotted(_: string, separator: string, name: string, equals: string, value: string): string {
  if (equals === '') return name === '' && value === '' ? separator : `${separator}***`
  return `${separator}${name}=***`
}
