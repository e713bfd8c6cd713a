import type { Leaf, OpenMap } from '../layout.ts'
import { anyValue, duration, flag, listOf, mapOf, parameters, path, text, url, whole, word } from './build.ts'
import { s3 } from './storage-s3.ts'

const useragent: Leaf = text('How the registry names itself to the store.', {
  unset: 'the name and version of the server',
})

const ofNoUse: Leaf = text('Accepted, and without effect.')

/** Every storage driver of Distribution 2 and 3. */
export const storageDrivers: Readonly<Record<string, OpenMap>> = {
  filesystem: parameters('A folder of the machine.', {
    rootdirectory: path('The folder. All that is stored lies below `docker/registry/v2` in it.', {
      default: '/var/lib/registry',
    }),
    maxthreads: whole('Operations at once; less than 25 counts as 25. Accepted, and without effect.', {
      default: 100,
    }),
    useragent: ofNoUse,
  }),
  inmemory: parameters('Memory: gone when the process ends. For tests.', { useragent: ofNoUse }),
  s3: s3('A bucket of Amazon S3, or of what speaks its protocol.'),
  s3aws: s3('Another name of `s3`.', 'storage.s3'),
  gcs: parameters('A bucket of Google Cloud Storage.', {
    bucket: text('The bucket. Required.'),
    rootdirectory: text('What all names begin with.'),
    keyfile: path("The file with a service account's key, in JSON.", {
      unset: 'the default credentials of the machine',
    }),
    credentials: mapOf(anyValue, 'The content of such a file, instead of `keyfile`.'),
    chunksize: whole('Bytes that are uploaded at once; a multiple of 262144. In version 2: 5242880.', {
      default: 16_777_216,
    }),
    maxconcurrency: whole('Operations at once; less than 25 counts as 25.', { default: 50 }),
    useragent,
  }),
  azure: parameters('A container of Azure Blob Storage.', {
    accountname: text('The storage account. Required.'),
    accountkey: text('Its key, when `credentials.type` is `shared_key`.'),
    container: text('The container. Required.'),
    realm: text('The domain of the service.', { default: 'core.windows.net' }),
    credentials: parameters(
      'How the registry proves who it is.',
      {
        type: word(
          ['shared_key', 'client_secret', 'default_credentials'],
          'The way. Required in version 3; here, `shared_key` where there is an `accountkey`.',
        ),
        clientid: text('The application, for `client_secret`.'),
        tenantid: text('Its tenant, for `client_secret`.'),
        secret: text('Its secret, for `client_secret`.'),
      },
      { since: '3' },
    ),
    serviceurl: url('The address of the service.', {
      since: '3',
      unset: '`https://` account name `.blob.` realm',
    }),
    rootdirectory: text('What all names begin with.', { since: '3' }),
    max_retries: whole(
      'How often at least it is asked whether a copy has ended that the service did not do at once; -1: not at all.',
      { since: '3', default: 5, minimum: -1 },
    ),
    retry_delay: duration('How long is waited before the first time.', { since: '3', default: '100ms' }),
    skipverify: flag("Do not verify the service's certificate.", { since: '3', default: false }),
    connectionstring: text('Read and not used, in Distribution either.', { since: '3' }),
    useragent,
  }),
  swift: parameters(
    'A container of OpenStack Swift.',
    {
      authurl: url('Where to log in. Required.'),
      username: text('The user. Required.'),
      password: text('Their password. Required.'),
      container: text('The container. Required.'),
      region: text('The region.'),
      tenant: text('The tenant, by name.'),
      tenantid: text('The tenant, by identifier.'),
      domain: text("The user's domain, by name."),
      domainid: text("The user's domain, by identifier."),
      tenantdomain: text("The tenant's domain, by name."),
      tenantdomainid: text("The tenant's domain, by identifier."),
      trustid: text('The identifier of a trust.'),
      insecureskipverify: flag("Do not verify the service's certificate.", { default: false }),
      chunksize: whole('Bytes of a segment.', { default: 20_971_520 }),
      prefix: text('What all names begin with.'),
      secretkey: text('The key that signs temporary URLs.'),
      accesskey: text('The access key for them.'),
      authversion: whole('The version of the protocol to log in; 0: found out.', { default: 0 }),
      endpointtype: text('Which of the endpoints to use.'),
      tempurlcontainerkey: flag('The key of temporary URLs belongs to the container, not to the account.', {
        default: false,
      }),
      tempurlmethods: listOf(anyValue, 'The methods that temporary URLs may have.'),
      useragent,
    },
    { since: '2 only' },
  ),
  oss: parameters(
    'A bucket of Alibaba Cloud OSS.',
    {
      accesskeyid: text('The access key. Required.'),
      accesskeysecret: text('Its secret. Required.'),
      region: text('The region. Required.'),
      bucket: text('The bucket. Required.'),
      endpoint: text('The address of the service, when it is not the usual one.'),
      internal: flag('Use the internal address.', { default: false }),
      encrypt: flag('Have the service encrypt.', { default: false }),
      encryptionkeyid: text('With which key.'),
      secure: flag('Speak TLS.', { default: true }),
      chunksize: whole('Bytes that are uploaded at once.', { default: 10_485_760 }),
      rootdirectory: text('What all names begin with.'),
      useragent,
    },
    { since: '2 only' },
  ),
}
