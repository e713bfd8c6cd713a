import type { OpenMap } from '../layout.ts'
import { flag, parameters, text, url, whole, word } from './build.ts'

const mebibyte = 1024 * 1024
const gibibyte = 1024 * mebibyte

const classes = [
  'NONE',
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'OUTPOSTS',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
]

const logLevels = [
  'off',
  'debug',
  'debugwithsigning',
  'debugwithhttpbody',
  'debugwithrequestretries',
  'debugwithrequesterrors',
  'debugwitheventstreambody',
]

/** The parameters of the S3 driver, which has two names. */
export function s3(meaning: string, replacedBy?: string): OpenMap {
  return parameters(
    meaning,
    {
      accesskey: text('The access key.', { unset: "what Amazon's SDK finds: variables, files, a role" }),
      secretkey: text('Its secret.'),
      sessiontoken: text('The token that belongs to temporary keys.'),
      region: text('The region. Required, and one of Amazon, unless `regionendpoint` is set.'),
      regionendpoint: url("The address of a service that is not Amazon's."),
      forcepathstyle: flag('Name the bucket in the path, not in the host.', {
        since: '3',
        unset: 'with `regionendpoint` whichever the service answers to, else `false`',
      }),
      bucket: text('The bucket. Required.'),
      encrypt: flag('Have the service encrypt.', { default: false }),
      keyid: text('With which KMS key.'),
      secure: flag('Speak TLS.', { default: true }),
      skipverify: flag("Do not verify the service's certificate.", { default: false }),
      v4auth: flag(
        "Signatures of version 4. `false` is accepted for services that are not Amazon's, and without effect.",
        {
          default: true,
        },
      ),
      chunksize: whole('Bytes of a part of an upload.', {
        default: 10 * mebibyte,
        minimum: 5 * mebibyte,
        maximum: 5 * gibibyte,
      }),
      multipartcopychunksize: whole('Bytes of a part of a copy.', {
        default: 32 * mebibyte,
        minimum: 5 * mebibyte,
        maximum: 5 * gibibyte,
      }),
      multipartcopymaxconcurrency: whole('Parts that are copied at once.', { default: 100, minimum: 1 }),
      multipartcopythresholdsize: whole('Bytes from which on an object is copied in parts.', {
        default: 32 * mebibyte,
        minimum: 0,
        maximum: 5 * gibibyte,
      }),
      rootdirectory: text('What all names begin with.'),
      storageclass: word(classes, 'The class that objects are stored in. Version 2 has the first three.', {
        default: 'STANDARD',
      }),
      objectacl: text('The canned ACL of objects.', { default: 'private' }),
      usedualstack: flag('Use the addresses that also speak IPv6.', { default: false, since: '3' }),
      accelerate: flag('Use transfer acceleration.', { default: false, since: '3' }),
      usefipsendpoint: flag('Use the addresses that meet FIPS 140.', { default: false, since: '3.1' }),
      redirectendpoint: url('What clients are redirected to instead: a scheme and a host, without a path.', {
        since: '3.1.2',
      }),
      loglevel: word(logLevels, 'What of the conversation with the service is logged.', {
        default: 'off',
        since: '3',
      }),
      useragent: text('How the registry names itself to the store.', {
        unset: 'the name and version of the server',
      }),
    },
    replacedBy === undefined ? {} : { replacedBy },
  )
}
