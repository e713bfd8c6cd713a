import type { Struct } from '../layout.ts'
import { duration, flag, headers, listOf, struct, text, texts, url, whole, words } from './build.ts'

const introduction = `
Events (pushes, pulls, deletes, mounts) that the registry posts to other servers as JSON.`

const actions = ['pull', 'push', 'mount', 'delete']

const endpoint = struct('An endpoint.', {
  name: text('Its name in logs and metrics.'),
  url: url('Where events are posted.'),
  disabled: flag('Send it nothing.', { default: false }),
  headers: headers('Headers of the requests, by name, such as `Authorization`.'),
  timeout: duration('How long an answer is waited for.', { default: '1s' }),
  threshold: whole('Failures in a row after which it is left alone for a while.', { default: 10 }),
  backoff: duration('That while.', { default: '1s' }),
  ignoredmediatypes: texts('Older name of `ignore.mediatypes`.', {
    replacedBy: 'notifications.endpoints[].ignore.mediatypes',
  }),
  ignore: struct('Events it does not get.', {
    mediatypes: texts('Those whose target has one of these media types.'),
    actions: words(actions, 'Those of these actions.'),
  }),
})

export const notifications: Struct = struct(
  'Who is told of what happens.',
  {
    events: struct('What events hold.', {
      includereferences: flag('What a manifest refers to.', { default: false }),
    }),
    endpoints: listOf(endpoint, 'The endpoints.'),
  },
  { introduction, variables: { events: 'EVENTCONFIG' } },
)
