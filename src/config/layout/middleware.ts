import type { OpenMap } from '../layout.ts'
import { anyValue, duration, flag, keys, listOf, path, struct, text, url, word } from './build.ts'

const introduction = `
Distribution can be built with code of others in three places; what it ships with are three storage middlewares, which
change where clients are redirected to for blobs: \`cloudfront\`, \`redirect\` and \`rewrite\`. Berth has them, and \`googlecdn\`
as well. The last of the list has the last word. \`storage.redirect.disable\` switches all of them off.

- \`redirect\`: \`baseurl\`, then the path of the object without \`rootdirectory\`; unsigned. For any storage driver.
- \`rewrite\`: the URL of the storage driver, or of the middleware before, with another scheme or host, or a shorter path.
- \`cloudfront\`: a signed URL of CloudFront, whose origin is the bucket. For the driver \`s3\`; with others it has no effect.
- \`googlecdn\`: a signed URL of Google's Cloud CDN, likewise for the driver \`gcs\`.`

const options = keys(
  'What the middleware wants to know.',
  {
    baseurl: url(
      '`cloudfront`, `googlecdn`, `redirect`: what the new URL begins with. The first two take it without a scheme, too.',
    ),
    privatekey: path(
      '`cloudfront`: the key that signs, in PEM: RSA, or the curve P-256. `googlecdn`: its 16 bytes, in base64url.',
    ),
    keypairid: text('`cloudfront`: the identifier of that key.'),
    keyname: text('`googlecdn`: the name of that key.', { since: 'berth' }),
    duration: duration('`cloudfront`, `googlecdn`: how long a URL is good.', { default: '20m' }),
    ipfilteredby: word(
      ['none', 'aws', 'awsregion', 'gcp'],
      'Which clients go to the bucket itself. `cloudfront`: none, all that come from Amazon, or those of some regions; ' +
        '`googlecdn`: none, or all that come from Google. Clients are told apart by the address that `X-Forwarded-For` ' +
        'claims, unless `http.trustedproxies` names whom to believe.',
      { default: 'none' },
    ),
    awsregion: text('`cloudfront`: these regions, separated by commas.'),
    updatefrequency: duration(
      "`cloudfront`, `googlecdn`: how often the cloud's address ranges are read again.",
      {
        default: '12h',
      },
    ),
    updatefrenquency: duration('A misspelling of it that Distribution also takes.', {
      replacedBy: 'middleware.storage[].options.updatefrequency',
    }),
    iprangesurl: url('`cloudfront`, `googlecdn`: where they are.', {
      unset: 'where Amazon and Google have theirs',
    }),
    scheme: text('`rewrite`: the scheme of the new URL.'),
    host: text('`rewrite`: its host.'),
    trimpathprefix: text('`rewrite`: what is taken away from the beginning of its path.'),
  },
  { others: anyValue },
)

export const middleware: OpenMap = keys(
  'Code between the registry and its parts.',
  {
    registry: listOf(anyValue, 'Around the registry. Neither Distribution ships any.'),
    repository: listOf(anyValue, 'Around each repository. Neither Distribution ships any.'),
    storage: listOf(
      struct('A middleware.', {
        name: text('Which one: `cloudfront`, `googlecdn`, `redirect`, or, since version 3, `rewrite`.'),
        options,
        disabled: flag('Leave it out. Distribution reads this key and does not honour it.', {
          default: false,
        }),
      }),
      'Around the storage driver.',
    ),
  },
  { introduction, restart: true },
)
