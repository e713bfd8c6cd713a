import type { Layout, Struct } from '../layout.ts'
import { duration, flag, headers, listOf, path, struct, url, whole, address } from './build.ts'

const introduction = `
Checks that run now and then. While one fails, every request is answered with 503, so that a load balancer turns to another
replica; \`/debug/health\` of the debug listener says which one, and why.`

function rhythm(threshold = 'Failures in a row from which on it counts; 0 and 1: the first does.'): {
  readonly interval: Layout
  readonly threshold: Layout
} {
  return {
    interval: duration('How often it is made, first after that time. Less than 100 ms count as 100 ms.', {
      default: '10s',
    }),
    threshold: whole(threshold, { default: 0 }),
  }
}

export const health: Struct = struct(
  'When the registry counts as well.',
  {
    storagedriver: struct('Whether the store answers.', {
      enabled: flag('Make this check.', { default: false }),
      ...rhythm(),
    }),
    file: listOf(
      struct('A file.', {
        file: path('The check fails while this file exists. Required.'),
        ...rhythm(
          'Failures in a row from which on it counts; 0 and 1: the first does. Distribution reads this key and does not honour it.',
        ),
      }),
      'Files that must not exist: a way to take a replica out by hand.',
    ),
    http: listOf(
      struct('A server.', {
        uri: url('Asked with HEAD. Required.'),
        headers: headers('Headers of the request, by name.'),
        statuscode: whole('The status that is right.', { default: 200 }),
        timeout: duration('How long an answer is waited for; 0: no limit of its own.', { default: '0s' }),
        ...rhythm(),
      }),
      'Web servers that must answer.',
    ),
    tcp: listOf(
      struct('A server.', {
        addr: address('What is connected to. Required.'),
        timeout: duration('How long that may take; 0: no limit of its own.', { default: '0s' }),
        ...rhythm(),
      }),
      'Servers that must accept a connection.',
    ),
  },
  { introduction, variables: { file: 'FILECHECKERS', http: 'HTTPCHECKERS', tcp: 'TCPCHECKERS' } },
)
