import type { Struct } from '../layout.ts'
import { flag, listOf, struct, text, texts, word, words } from './build.ts'

const introduction = `
What a manifest must be like to be accepted.`

export const validation: Struct = struct(
  'What may be pushed.',
  {
    disabled: flag('Do not look whether what a manifest refers to is there.', { default: false }),
    enabled: flag('Older key: `true` overrides `disabled: true`.', {
      default: false,
      replacedBy: 'validation.disabled',
    }),
    manifests: struct('Manifests.', {
      urls: struct('Layers that lie elsewhere.', {
        allow: texts(
          'URLs must match one of these. When both lists are empty, none is allowed.',
          {},
          'regular expression',
        ),
        deny: texts('URLs must match none of these.', {}, 'regular expression'),
      }),
      indexes: struct(
        'Image indexes and manifest lists.',
        {
          platforms: word(['all', 'none', 'list'], 'For which platforms the images must be there.', {
            default: 'all',
          }),
          platformlist: listOf(
            struct('A platform.', {
              architecture: text('Such as `amd64`.'),
              os: text('Such as `linux`.'),
            }),
            'These, when `platforms` is `list`.',
          ),
        },
        { since: '3' },
      ),
    }),
  },
  { introduction },
)

export const policy: Struct = struct('What kinds of things repositories may hold.', {
  repository: struct('Repositories.', {
    classes: words(
      ['image', 'plugin'],
      'The classes, by the media type of the configuration, that are accepted.',
      {
        unset: 'all',
      },
    ),
  }),
})
