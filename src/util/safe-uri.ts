/** Parameters of a registry's own requests: none is a secret. */
const plain: ReadonlySet<string> = new Set([
  'n',
  'last',
  'digest',
  'digest-algorithm',
  'mount',
  'from',
  'tag',
  'artifactType',
  'ns',
])

/**
 * A URI as a log may hold it: without user, password and fragment, and without the values of parameters that may be secrets.
 * Whoever writes one may write it badly, so that it is cut rather than parsed.
 */
export function safeUri(uri: string): string {
  if (!/[?#@]/.test(uri)) return uri
  const whole = uri.split('#', 1)[0] ?? ''
  const mark = whole.indexOf('?')
  const path = withoutUser(mark < 0 ? whole : whole.slice(0, mark))
  if (mark < 0) return path
  // Both separators are in use, and a value that is plain may hide another parameter.
  return `${path}?${whole
    .slice(mark + 1)
    .split(/[&;]/)
    .map(safeParameter)
    .join('&')}`
}

/** A host as a log may hold it. */
export function safeHost(host: string | undefined): string | undefined {
  const at = host?.lastIndexOf('@') ?? -1
  return at < 0 ? host : `***${host?.slice(at)}`
}

/** Up to the last `@`, for a password may hold a slash. */
function withoutUser(path: string): string {
  const start = path.indexOf('//')
  const at = path.lastIndexOf('@')
  return start < 0 || at < start ? path : `${path.slice(0, start)}//***${path.slice(at)}`
}

function safeParameter(parameter: string): string {
  const equals = parameter.indexOf('=')
  const name = equals < 0 ? parameter : parameter.slice(0, equals)
  // An encoded separator may hide another parameter in a plain one's value.
  if (plain.has(name) && !/%(?:26|3b|3d)/i.test(parameter)) return parameter
  return equals < 0 ? '***' : `${name}=***`
}
