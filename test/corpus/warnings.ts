const unknownVariable = 'unrecognized environment variable, ignored'
const absent = 'not available in this version, ignored'

/** What Berth warns of, by case, each with its place. It warns of nothing in all others. */
export const warnings: Readonly<Record<string, readonly string[]>> = {
  'cache-unknown': [
    'config.yml:5:21: storage.cache.blobdescriptor: no such cache, ignored; allowed: inmemory, redis',
  ],
  'docs-validation': [`config.yml:9:3: validation.manifests: ${absent}`],
  'everything-by-variables': ['REGISTRY_VERSION: has no effect, the version is the one in the file'],
  harbor: [
    'config.yml:32:3: redis.enableTLS: unknown key, ignored',
    `config.yml:51:1: compatibility: ${absent}`,
  ],
  'host-without-scheme': [
    'config.yml:8:9: http.host: "registry.example.com" is no absolute URL such as https://registry.example.com, ignored',
  ],
  'kubernetes-service-variables': [
    `REGISTRY_PORT: ${unknownVariable}`,
    `REGISTRY_PORT_5000_TCP: ${unknownVariable}`,
    `REGISTRY_PORT_5000_TCP_ADDR: ${unknownVariable}`,
    `REGISTRY_PORT_5000_TCP_PORT: ${unknownVariable}`,
    `REGISTRY_PORT_5000_TCP_PROTO: ${unknownVariable}`,
    `REGISTRY_SERVICE_HOST: ${unknownVariable}`,
    `REGISTRY_SERVICE_PORT: ${unknownVariable}`,
  ],
  'readonly-misspelt': [
    'REGISTRY_STORAGE_MAINTENANCE_READONLY: storage.maintenance.readonly.enable: unknown key, ignored (did you mean enabled?)',
  ],
  reporting: [`config.yml:8:1: reporting: ${absent}`],
  'validation-indexes': [`config.yml:10:3: validation.manifests: ${absent}`],
  'variables-misspelt': [
    `REGISTRY_HTTP_Addr: ${unknownVariable} (did you mean REGISTRY_HTTP_ADDR?)`,
    `REGISTRY_HTTP_MAXCONCURRENTUPLOADS: ${unknownVariable}`,
    `REGISTRY_HTTP_TIMEOUT_READ: ${unknownVariable} (did you mean REGISTRY_HTTP_TIMEOUTS_READ?)`,
    `REGISTRY_LOG_ACCESSLOG_ENABLED: ${unknownVariable}`,
    `REGISTRY_TITLE: ${unknownVariable}`,
    `REGISTRY_URL: ${unknownVariable}`,
  ],
  'yaml-anchors': ['config.yml:4:1: x-switch: unknown key, ignored'],
  'yaml-duplicate': ['config.yml:9:3: http.addr: given more than once, the last one counts'],
  'yaml-duplicate-section': ['config.yml:8:1: storage: given more than once, the last one counts'],
  'yaml-duration-number': [
    'config.yml:8:17: http.draintimeout: 30 without a unit is nanoseconds; write for example 30s for seconds',
    'config.yml:12:15: health.storagedriver.interval: 10000000000 without a unit is nanoseconds; write 10s',
  ],
  'yaml-template-left': [
    'config.yml:9:9: http.host: "${REGISTRY_HOST}" is no absolute URL such as https://registry.example.com, ignored',
  ],
  'yaml-unknown-keys': [
    'config.yml:4:1: name: unknown key, ignored',
    'config.yml:8:5: storage.filesystem.permissions: unknown key, ignored',
    'config.yml:10:5: storage.delete.enable: unknown key, ignored (did you mean enabled?)',
    'config.yml:14:5: http.tls.cert: unknown key, ignored',
    'config.yml:15:3: http.timeout: unknown key, ignored (did you mean timeouts?)',
    'config.yml:17:3: log.levle: unknown key, ignored (did you mean level?)',
  ],
}
