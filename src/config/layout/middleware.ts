import type { OpenMap } from '../layout.ts'
import { anyValue, duration, flag, keys, listOf, path, struct, text, url, word } from './build.ts'

const introduction = `
Distribution can be built with code of others in three places; what it ships with are three storage middlewares, which
change where clients are redirected to for blobs: \`cloudfront\`, \`redirect\` and \`rewrite\`.`

const options = keys(
  'What the middleware wants to know.',
  {
    baseurl: url('`cloudfront`, `redirect`: what the new URL begins with.'),
    privatekey: path('`cloudfront`: the key that signs, in PEM.'),
    keypairid: text('`cloudfront`: the identifier of that key.'),
    duration: duration('`cloudfront`: how long a URL is good.', { default: '20m' }),
    ipfilteredby: word(
      ['none', 'aws', 'awsregion'],
      '`cloudfront`: which clients go to S3 itself: none, all that come from Amazon, or those of some regions.',
      { default: 'none' },
    ),
    awsregion: text('`cloudfront`: these regions, separated by commas.'),
    updatefrequency: duration("`cloudfront`: how often Amazon's address ranges are read again.", {
      default: '12h',
    }),
    updatefrenquency: duration('A misspelling of it that Distribution also takes.', {
      replacedBy: 'middleware.storage[].options.updatefrequency',
    }),
    iprangesurl: url('`cloudfront`: where they are.', {
      default: 'https://ip-ranges.amazonaws.com/ip-ranges.json',
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
        name: text('Which one: `cloudfront`, `redirect`, or, since version 3, `rewrite`.'),
        options,
        disabled: flag('Leave it out. Distribution reads this key and does not honour it.', {
          default: false,
        }),
      }),
      'Around the storage driver.',
    ),
  },
  { introduction },
)
