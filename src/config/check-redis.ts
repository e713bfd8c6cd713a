import { describeProblem, notAllowed, type Problem } from './config-error.ts'
import type { Path } from './path.ts'
import { child, type Tree } from './tree.ts'

/** Distribution panics when Redis is the cache and nothing says where it is. */
export function checkRedis(root: Tree): readonly Problem[] {
  const cache = redisCache(root)
  if (cache === undefined || serversOf(root) !== undefined) return []
  return [notAllowed(cache.path, cache.tree, 'redis only with redis.addrs, the servers')]
}

/** What is said of Redis in vain. */
export function ignoredRedis(root: Tree): readonly string[] {
  const redis = child(root, 'redis')
  const servers = serversOf(root)
  if (redis === undefined || servers === undefined) return []
  if (redisCache(root) === undefined)
    return [warning(['redis'], redis, 'no effect without storage.cache.blobdescriptor: redis')]
  return [ignoredDatabase(redis, servers), halfPair(redis)].filter((text) => text !== undefined)
}

function ignoredDatabase(redis: Tree, servers: Tree): string | undefined {
  const isCluster =
    servers.kind === 'list' && servers.items.length > 1 && !isGiven(child(redis, 'mastername'))
  const database = child(redis, 'db')
  if (!isCluster || database === undefined || !isGiven(database)) return undefined
  return warning(['redis', 'db'], database, 'no effect: a cluster has one database')
}

function halfPair(redis: Tree): string | undefined {
  const tls = child(redis, 'tls')
  const [name, other] = ['certificate', 'key'].filter((key) => isGiven(child(tls, key)))
  const half = name === undefined ? undefined : child(tls, name)
  if (name === undefined || other !== undefined || half === undefined) return undefined
  return warning(['redis', 'tls', name], half, 'no effect: certificate and key belong together')
}

/** Where Redis is said to be the cache. */
function redisCache(root: Tree): { readonly path: Path; readonly tree: Tree } | undefined {
  const cache = child(child(root, 'storage'), 'cache')
  for (const key of ['blobdescriptor', 'layerinfo']) {
    const tree = child(cache, key)
    if (tree?.kind === 'scalar' && tree.value === 'redis') return { path: ['storage', 'cache', key], tree }
    // The newer name counts when it says something.
    if (tree?.kind === 'scalar' && tree.value === 'inmemory') return undefined
  }
  return undefined
}

/** That of version 3, else that of version 2. */
function serversOf(root: Tree): Tree | undefined {
  const redis = child(root, 'redis')
  return ['addrs', 'addr'].map((key) => child(redis, key)).find(isGiven)
}

/** Whether there is anything but an empty value or zero. */
function isGiven(tree: Tree | undefined): boolean {
  if (tree?.kind === 'list') return tree.items.length > 0
  return tree?.kind === 'scalar' && !['', '0'].includes(tree.text)
}

function warning(path: Path, { source }: Tree, text: string): string {
  return describeProblem({ source, path, text })
}
