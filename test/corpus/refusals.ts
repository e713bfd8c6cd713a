import type { RegistryKind } from '../support/registry-process.ts'

/** A case that not all registries start on. */
export interface Refusal {
  readonly by: readonly RegistryKind[]
  /** What Berth says, without `configuration error: ` and the folder of the file; absent when it starts. */
  readonly says?: readonly string[]
  /** What it says is of the store or of a file, which stand in no line of the configuration. */
  readonly isOfSurroundings?: true
  /** Why they differ; absent when none of them starts. */
  readonly reason?: string
}

const notYet = 'Not in this version of Berth, which says so rather than pass over it.'

const nested = 'Distribution stumbles over variables that lead into such a section (its #1736).'

/** All other cases start everywhere. */
export const refusals: Readonly<Record<string, Refusal>> = {
  'auth-two': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:8:1: auth: found 2 access controllers: htpasswd (config.yml:9:3), silly (config.yml:12:3); allowed: at most one of none, silly, htpasswd, token',
    ],
  },
  'auth-unknown': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:10:3: auth.ldap: no such access controller; allowed: none, silly, htpasswd, token'],
  },
  azure: {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      "the Azure store's name is not known (registry.blob.example.invalid, container images): correct accountname, realm or serviceurl, or the DNS",
    ],
    isOfSurroundings: true,
  },
  'compose-header-plain': {
    by: ['berth', 'distribution2'],
    says: [
      'REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin: http.headers.access-control-allow-origin: found "http://registry-ui.example.com"; allowed: a list (write [http://registry-ui.example.com])',
    ],
  },
  'delete-text': {
    by: ['berth'],
    says: ['config.yml:7:14: storage.delete.enabled: found "true"; allowed: true or false'],
    reason: 'Distribution takes anything but a boolean for false, so that deletes stay off without a word.',
  },
  'docs-all-keys': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:13:1: storage: found 5 storage drivers: filesystem (config.yml:14:3), azure (config.yml:17:3), gcs (config.yml:21:3), s3 (config.yml:26:3), inmemory (config.yml:41:3); allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
      'config.yml:56:1: auth: found 3 access controllers: silly (config.yml:57:3), token (config.yml:60:3), htpasswd (config.yml:66:3); allowed: at most one of none, silly, htpasswd, token',
      'config.yml:71:7: middleware.registry[0]: not available in this version',
      'config.yml:75:7: middleware.repository[0]: not available in this version',
      'config.yml:102:7: notifications.endpoints[0]: not available in this version',
      'config.yml:145:3: proxy.remoteurl: not available in this version',
    ],
  },
  'docs-middleware': {
    by: ['berth', 'distribution2'],
    says: ['middleware.storage[0] (cloudfront): privatekey cloudfront.pem: no such file'],
    isOfSurroundings: true,
  },
  gcs: {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['the key file key.json of the gcs store cannot be read (ENOENT): correct keyfile'],
    isOfSurroundings: true,
  },
  'image-3': { by: ['distribution2'], reason: 'Version 2 takes `storage.tag` for a second driver.' },
  'kubernetes-inmemory-too': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:6:1: storage: found 2 storage drivers: filesystem (config.yml:9:3), inmemory (REGISTRY_STORAGE_INMEMORY); allowed: exactly one of filesystem, inmemory, s3, gcs, azure; to replace the storage section of the file, set REGISTRY_STORAGE=inmemory as well',
      'REGISTRY_STORAGE_INMEMORY: storage.inmemory: found 1; allowed: a map',
    ],
  },
  'log-formatter-unknown': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:10:14: log.formatter: found "xml"; allowed: text, json, logstash'],
  },
  'log-level-unknown': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:10:10: log.level: found "verbose"; allowed: error, warn, info, debug'],
  },
  'mirror-hub': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:16:3: proxy.remoteurl: not available in this version'],
  },
  notifications: {
    by: ['berth'],
    says: ['config.yml:12:7: notifications.endpoints[0]: not available in this version'],
    reason: notYet,
  },
  'notifications-variable': {
    by: ['berth'],
    says: ['REGISTRY_NOTIFICATIONS_ENDPOINTS: notifications.endpoints[0]: not available in this version'],
    reason: notYet,
  },
  policy: {
    by: ['berth'],
    says: ['config.yml:10:5: policy.repository.classes: not available in this version'],
    reason: notYet,
  },
  'purging-days': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:9:12: storage.maintenance.uploadpurging.age: found "7d"; allowed: a duration such as 10s or 1h30m',
    ],
  },
  'purging-incomplete': {
    by: ['distribution2', 'distribution3'],
    reason: 'Distribution wants all four keys as soon as there is one; Berth has defaults.',
  },
  'purging-nested': { by: ['distribution2'], reason: nested },
  'purging-number': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:9:12: storage.maintenance.uploadpurging.age: found 168; allowed: a duration with a unit, such as 168h',
    ],
  },
  'readonly-nested': { by: ['distribution2', 'distribution3'], reason: nested },
  'readonly-text': {
    by: ['berth', 'distribution2'],
    says: [
      'REGISTRY_STORAGE_MAINTENANCE_READONLY: storage.maintenance.readonly.enabled: found "true"; allowed: true or false',
    ],
  },
  'redirect-text': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:7:14: storage.redirect.disable: found "true"; allowed: true or false'],
  },
  'redis-not-configured': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:5:21: storage.cache.blobdescriptor: found "redis"; allowed: redis only with redis.addrs, the servers',
    ],
  },
  's3-beside-the-file': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:6:1: storage: found 2 storage drivers: filesystem (config.yml:9:3), s3 (REGISTRY_STORAGE_S3_BUCKET); allowed: exactly one of filesystem, inmemory, s3, gcs, azure; to replace the storage section of the file, set REGISTRY_STORAGE=s3 as well',
    ],
  },
  'storage-absent': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:1:1: storage: found no storage driver; allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
    ],
  },
  'storage-list': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:4:3: storage: found a list; allowed: a map'],
  },
  'storage-none': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:4:1: storage: found no storage driver; allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
    ],
  },
  'storage-two': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:3:1: storage: found 2 storage drivers: filesystem (config.yml:4:3), inmemory (config.yml:6:3); allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
    ],
  },
  'storage-unknown': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:5:3: storage.filesytem: no such storage driver (did you mean filesystem?); allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
    ],
  },
  swift: {
    by: ['berth', 'distribution2'],
    says: ['config.yml:4:3: storage.swift: not available in this version'],
  },
  'threads-unknown': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:6:17: storage.filesystem.maxthreads: found "many"; allowed: a whole number'],
  },
  'tls-certificate-and-letsencrypt': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:10:18: http.tls.certificate: found "@CERTS@/domain.crt"; allowed: either http.tls.certificate or http.tls.letsencrypt.cachefile, not both',
    ],
  },
  'tls-certificate-gone': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:10:18: http.tls.certificate: @CERTS@/gone.crt: no such file'],
  },
  'tls-client-ca-gone': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:12:16: http.tls.clientcas: @CERTS@/gone.crt: no such file'],
  },
  'tls-clients-unknown': {
    by: ['berth', 'distribution3'],
    says: [
      'config.yml:14:17: http.tls.clientauth: found "sometimes"; allowed: request-client-cert, require-any-client-cert, verify-client-cert-if-given, require-and-verify-client-cert',
    ],
  },
  'tls-key-of-another': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:11:10: http.tls.key: @CERTS@/rsa.key: the key does not match the certificate in @CERTS@/domain.crt',
    ],
  },
  'tls-suite-unknown': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:12:20: http.tls.ciphersuites[0]: found "ECDHE-RSA-AES128-GCM-SHA256"; allowed: the name of a cipher suite in Go\'s form: TLS_RSA_WITH_3DES_EDE_CBC_SHA, TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_256_CBC_SHA, TLS_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256',
    ],
  },
  'tls-suites-text': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:13:19: http.tls.ciphersuites: found "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"; allowed: a list (write [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256])',
    ],
  },
  'tls-version-unknown': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:13:17: http.tls.minimumtls: found "tls1.4"; allowed: tls1.0, tls1.1, tls1.2, tls1.3'],
  },
  'tls-without-key': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:8:3: http.tls.key: missing; allowed: the path of the key of http.tls.certificate'],
  },
  'variable-client-cas-indexed': {
    by: ['distribution3'],
    reason: 'Version 3 takes the item for a file without a name, version 2 passes over it; Berth sets it.',
  },
  'variable-list-gap': {
    by: ['berth', 'distribution3'],
    says: [
      'REGISTRY_HEALTH_FILECHECKERS_1_FILE: health.file: there is no item 1: the list has 0, so the next is 0',
    ],
  },
  'variable-not-yaml': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'REGISTRY_HTTP_HEADERS: http.headers: not valid YAML: wrong indentation, or a closing bracket is missing',
    ],
  },
  'variable-wrong-type': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['REGISTRY_HTTP_RELATIVEURLS: http.relativeurls: found "maybe"; allowed: true or false'],
  },
  'yaml-addr-number': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:7:9: http.addr: found @PORT@; allowed: host:port, such as :5000 or 127.0.0.1:5000'],
  },
  'yaml-addr-without-port': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:7:9: http.addr: found "127.0.0.1"; allowed: host:port, such as :5000 or 127.0.0.1:5000',
    ],
  },
  'yaml-boolean-text': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:9:17: http.relativeurls: found "true"; allowed: true or false'],
  },
  'yaml-capitals': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:1:1: storage: found no storage driver; allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
    ],
  },
  'yaml-documents': {
    by: ['berth'],
    says: ['config.yml:9:1: must hold one YAML document, found several'],
    reason: 'Distribution passes over what follows the first document.',
  },
  'yaml-duration-wrong': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: [
      'config.yml:9:17: http.draintimeout: found "30 seconds"; allowed: a duration such as 10s or 1h30m',
    ],
  },
  'yaml-empty': {
    by: ['berth', 'distribution2'],
    says: [
      'config.yml:1:1: storage: found no storage driver; allowed: exactly one of filesystem, inmemory, s3, gcs, azure',
      'config.yml:1:1: version: missing; allowed: "0.1"',
    ],
  },
  'yaml-flow-open': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:4:1: not valid YAML: wrong indentation, or a closing bracket is missing'],
  },
  'yaml-indentation': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:6:1: not valid YAML: wrong indentation, or a closing bracket is missing'],
  },
  'yaml-list-of-lines': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:3:1: not valid YAML: a key must be on one line and followed by a colon'],
  },
  'yaml-net-unknown': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:7:8: http.net: found "udp"; allowed: tcp, unix'],
  },
  'yaml-quote-open': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:8:1: not valid YAML: a closing quote, bracket, comma, colon or space is missing'],
  },
  'yaml-tabs': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:4:1: not valid YAML: tabs cannot indent'],
  },
  'yaml-version-missing': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:1:1: version: missing; allowed: "0.1"'],
  },
  'yaml-version-other': {
    by: ['berth', 'distribution2', 'distribution3'],
    says: ['config.yml:3:10: version: found 0.2; allowed: "0.1"'],
  },
  'yaml-version-whole': {
    by: ['berth', 'distribution2'],
    says: ['config.yml:2:10: version: found 1; allowed: "0.1"'],
  },
}
