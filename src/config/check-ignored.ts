import { ignoredRedis } from './check-redis.ts'
import { describeProblem } from './config-error.ts'
import type { Path } from './path.ts'
import { isHttpUrl } from './schema/values.ts'
import { safeUrl } from './secrets.ts'
import { child, type Tree } from './tree.ts'

/** Values that have no effect, in Distribution neither, which passes over them without a word: each is warned of. */
export function checkIgnored(root: Tree): readonly string[] {
  return [
    ignoredHost(root),
    ...ignoredHeaders(root),
    ignoredSuites(root),
    ignoredClientAuth(root),
    ignoredCache(root),
    ...ignoredRedis(root),
  ].filter((text) => text !== undefined)
}

function ignoredHost(root: Tree): string | undefined {
  const host = at(root, ['http', 'host'])
  if (host?.kind !== 'scalar' || host.text === '' || isHttpUrl(host.text)) return undefined
  const found = JSON.stringify(safeUrl(host.text))
  return warning(
    ['http', 'host'],
    host,
    `${found} is no absolute URL such as https://registry.example.com, ignored`,
  )
}

/** Headers that frame a message or speak of its connection (RFC 9110, section 7.6.1), in lower case. */
const ofConnection: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function ignoredHeaders(root: Tree): readonly string[] {
  const headers = at(root, ['http', 'headers'])
  if (headers?.kind !== 'map') return []
  return [...headers.entries]
    .filter(([name]) => ofConnection.has(name.toLowerCase()))
    .map(([name, { keySource: source }]) =>
      describeProblem({
        source,
        path: ['http', 'headers', name],
        text: 'ignored: it belongs to the connection',
      }),
    )
}

function ignoredSuites(root: Tree): string | undefined {
  const path = ['http', 'tls', 'ciphersuites']
  const suites = at(root, path)
  const minimum = at(root, ['http', 'tls', 'minimumtls'])
  const isTls13 = minimum?.kind === 'scalar' && minimum.text.toLowerCase() === 'tls1.3'
  if (suites?.kind !== 'list' || suites.items.length === 0 || !isTls13) return undefined
  return warning(path, suites, 'no effect, since minimumtls is tls1.3, whose cipher suites are all safe')
}

function ignoredClientAuth(root: Tree): string | undefined {
  const path = ['http', 'tls', 'clientauth']
  const auth = at(root, path)
  const authorities = at(root, ['http', 'tls', 'clientcas'])
  const hasAuthorities = authorities?.kind === 'list' && authorities.items.length > 0
  const isDefault = auth?.kind === 'scalar' && ['', 'require-and-verify-client-cert'].includes(auth.text)
  if (auth?.kind !== 'scalar' || isDefault || hasAuthorities) return undefined
  return warning(path, auth, 'no effect without http.tls.clientcas: clients are not asked for certificates')
}

function ignoredCache(root: Tree): string | undefined {
  for (const key of ['blobdescriptor', 'layerinfo']) {
    const path = ['storage', 'cache', key]
    const cache = at(root, path)
    if (cache?.kind === 'scalar' && cache.text !== '' && !['inmemory', 'redis'].includes(cache.text))
      return warning(path, cache, `no such cache, ignored; allowed: inmemory, redis`)
  }
  return undefined
}

function at(root: Tree, path: readonly string[]): Tree | undefined {
  return path.reduce<Tree | undefined>((tree, key) => child(tree, key), root)
}

function warning(path: Path, { source }: Tree, text: string): string {
  return describeProblem({ source, path, text })
}
