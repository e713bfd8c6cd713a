import { Counter, Histogram, type Registry } from 'prom-client'

export interface StorageMetrics {
  /** A call of a driver came to its end, well or not. `action` is one of a few constants: see `storage/measured.ts`. */
  observe(driver: string, action: string, seconds: number): void
  readonly cache: CacheMetrics
}

/** What a cache of blobs' and manifests' facts was asked for. */
export interface CacheMetrics {
  hit(): void
  miss(): void
  /** The cache could not be asked. */
  failed(): void
}

/** The metrics of the store, with the names, labels and buckets of Distribution 3; the cache's also with those of 2. */
export function createStorageMetrics(registry: Registry): StorageMetrics {
  const registers = [registry]
  const seconds = new Histogram({
    name: 'registry_storage_action_seconds',
    help: 'Time that a call of the storage driver took.',
    labelNames: ['driver', 'action'],
    registers,
  })
  const actions = new Map<string, ReturnType<typeof seconds.labels>>()
  return {
    observe(driver, action, value) {
      const key = `${driver} ${action}`
      let series = actions.get(key)
      if (series === undefined) {
        series = seconds.labels(driver, action)
        actions.set(key, series)
      }
      series.observe(value)
    },
    cache: createCacheMetrics(registry),
  }
}

function createCacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'registry_storage_cache_requests_total',
    help: 'Questions to the cache.',
    registers,
  })
  const hits = new Counter({
    name: 'registry_storage_cache_hits_total',
    help: 'Questions that the cache answered.',
    registers,
  })
  const errors = new Counter({
    name: 'registry_storage_cache_errors_total',
    help: 'Questions that the cache failed to answer.',
    registers,
  })
  const byType = new Counter({
    name: 'registry_storage_cache_total',
    help: 'Questions to the cache, as Distribution 2 counts them.',
    labelNames: ['type'],
    registers,
  })
  const [request, hit, miss] = ['Request', 'Hit', 'Miss'].map((type) => byType.labels(type))
  for (const series of [request, hit, miss]) series?.inc(0)
  const asked = (): void => {
    requests.inc()
    request?.inc()
  }
  return {
    hit() {
      asked()
      hits.inc()
      hit?.inc()
    },
    miss() {
      asked()
      miss?.inc()
    },
    failed() {
      asked()
      errors.inc()
    },
  }
}
