import {
  any,
  duration,
  keys,
  listOf,
  mapOf,
  struct,
  text,
  value,
  type OpenMap,
  type Struct,
} from './layout.ts'

/** Parameters of a driver or access controller, by their names: the values are untyped in Distribution. */
function parameters(names: string): OpenMap {
  return keys(
    Object.fromEntries(
      names
        .trim()
        .split(/\s+/)
        .map((name) => [name, any]),
    ),
  )
}

const s3 = parameters(`
  accesskey secretkey region regionendpoint forcepathstyle bucket encrypt keyid secure
  skipverify v4auth chunksize multipartcopychunksize multipartcopymaxconcurrency
  multipartcopythresholdsize rootdirectory storageclass objectacl usedualstack accelerate
  usefipsendpoint redirectendpoint loglevel useragent sessiontoken
`)

/** Every storage driver of Distribution 2 and 3. */
export const storageDrivers: Readonly<Record<string, OpenMap>> = {
  filesystem: parameters('rootdirectory maxthreads useragent'),
  inmemory: parameters('useragent'),
  s3,
  s3aws: s3,
  gcs: keys({
    ...parameters('bucket rootdirectory keyfile chunksize maxconcurrency useragent').known,
    credentials: mapOf(any),
  }),
  azure: keys({
    ...parameters('accountname accountkey container realm serviceurl rootdirectory').known,
    ...parameters('max_retries retry_delay skipverify connectionstring useragent').known,
    credentials: parameters('type clientid tenantid secret'),
  }),
  swift: parameters(`
  authurl username password container region tenant tenantid domain domainid tenantdomain
  tenantdomainid trustid insecureskipverify chunksize prefix secretkey accesskey
  authversion endpointtype tempurlcontainerkey tempurlmethods useragent
`),
  oss: parameters(`
  accesskeyid accesskeysecret region bucket endpoint internal encrypt encryptionkeyid
  secure chunksize rootdirectory useragent
`),
}

/** The keys of `storage` that are not drivers. */
export const storageSections: Readonly<Record<string, OpenMap>> = {
  cache: parameters('blobdescriptor layerinfo blobdescriptorsize'),
  delete: parameters('enabled'),
  maintenance: keys({
    uploadpurging: keys({ enabled: any, age: duration, interval: duration, dryrun: any }),
    readonly: parameters('enabled'),
  }),
  redirect: parameters('disable'),
  tag: parameters('concurrencylimit'),
}

const middleware = listOf(struct({ name: text, options: mapOf(any), disabled: value }))

const http = struct({
  addr: text,
  net: text,
  prefix: text,
  host: text,
  secret: text,
  relativeurls: value,
  draintimeout: duration,
  headers: mapOf(listOf(text)),
  tls: struct({
    certificate: text,
    key: text,
    clientcas: listOf(text),
    clientauth: text,
    minimumtls: text,
    ciphersuites: listOf(text),
    letsencrypt: struct({ cachefile: text, email: text, hosts: listOf(text), directoryurl: text }),
  }),
  debug: struct({ addr: text, prometheus: struct({ enabled: value, path: text }) }),
  http2: struct({ disabled: value }),
  h2c: struct({ enabled: value }),
})

/** The names of version 2 (`addr`, `pool`) beside those of version 3. */
const redis = struct(
  {
    addr: text,
    addrs: listOf(text),
    mastername: text,
    clientname: text,
    protocol: value,
    username: text,
    password: text,
    sentinelusername: text,
    sentinelpassword: text,
    db: value,
    dialtimeout: duration,
    readtimeout: duration,
    writetimeout: duration,
    contexttimeoutenabled: value,
    maxretries: value,
    minretrybackoff: duration,
    maxretrybackoff: duration,
    pool: struct({ maxidle: value, maxactive: value, idletimeout: duration }),
    poolfifo: value,
    poolsize: value,
    pooltimeout: duration,
    minidleconns: value,
    maxidleconns: value,
    maxactiveconns: value,
    connmaxidletime: duration,
    connmaxlifetime: duration,
    maxredirects: value,
    readonly: value,
    routebylatency: value,
    routerandomly: value,
    disableidentity: value,
    identitysuffix: text,
    unstableresp3: value,
    tls: struct({ certificate: text, key: text, rootcas: listOf(text), clientcas: listOf(text) }),
  },
  { embedded: 'OPTIONS' },
)

const notifications = struct(
  {
    events: struct({ includereferences: value }),
    endpoints: listOf(
      struct({
        name: text,
        url: text,
        disabled: value,
        headers: mapOf(listOf(text)),
        timeout: duration,
        threshold: value,
        backoff: duration,
        ignoredmediatypes: listOf(text),
        ignore: struct({ mediatypes: listOf(text), actions: listOf(text) }),
      }),
    ),
  },
  { variables: { events: 'EVENTCONFIG' } },
)

const check = { interval: duration, threshold: value }

const health = struct(
  {
    storagedriver: struct({ enabled: value, ...check }),
    file: listOf(struct({ file: text, ...check })),
    http: listOf(
      struct({ uri: text, headers: mapOf(listOf(text)), statuscode: value, timeout: duration, ...check }),
    ),
    tcp: listOf(struct({ addr: text, timeout: duration, ...check })),
  },
  { variables: { file: 'FILECHECKERS', http: 'HTTPCHECKERS', tcp: 'TCPCHECKERS' } },
)

const log = struct({
  level: text,
  formatter: text,
  fields: mapOf(any),
  accesslog: struct({ disabled: value }),
  reportcaller: value,
  hooks: listOf(
    struct(
      {
        disabled: value,
        type: text,
        levels: listOf(text),
        options: struct({
          smtp: struct({ addr: text, username: text, password: text, insecure: value }),
          from: text,
          to: listOf(text),
        }),
      },
      { variables: { options: 'MAILOPTIONS' } },
    ),
  ),
})

/** All that Distribution 2.8 and 3.1 read, whether this version does anything with it or not. */
export const distributionLayout: Struct = struct({
  version: text,
  log,
  loglevel: text,
  storage: keys({ ...storageDrivers, ...storageSections }, { shorthand: true }),
  auth: keys(
    {
      none: keys({}),
      silly: parameters('realm service'),
      htpasswd: parameters('realm path'),
      token: parameters(
        'realm service issuer rootcertbundle jwks autoredirect autoredirectpath signingalgorithms',
      ),
    },
    { shorthand: true },
  ),
  middleware: mapOf(middleware),
  http,
  notifications,
  redis,
  health,
  catalog: struct({ maxentries: value }),
  tags: struct({ maxtags: value }),
  proxy: struct({
    remoteurl: text,
    username: text,
    password: text,
    ttl: duration,
    cachewritetimeout: duration,
    exec: struct({ command: text, lifetime: duration }),
  }),
  validation: struct({
    enabled: value,
    disabled: value,
    manifests: struct({
      urls: struct({ allow: listOf(text), deny: listOf(text) }),
      indexes: struct({ platforms: text, platformlist: listOf(struct({ architecture: text, os: text })) }),
    }),
  }),
  policy: struct({ repository: struct({ classes: listOf(text) }) }),
  reporting: struct({
    bugsnag: struct({ apikey: text, releasestage: text, endpoint: text }),
    newrelic: struct({ licensekey: text, name: text, verbose: value }),
  }),
  compatibility: struct({
    schema1: struct({ enabled: value, signingkeyfile: text }, { variables: { signingkeyfile: 'TRUSTKEY' } }),
  }),
})
