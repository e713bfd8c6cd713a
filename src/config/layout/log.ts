import type { Layout, Struct } from '../layout.ts'
import { anyValue, flag, listOf, mapOf, struct, text, texts, word, words } from './build.ts'

const levels = ['error', 'warn', 'info', 'debug']

const introduction = `
The log of the registry goes to standard error, a line for each event; the access log, a line for each request in Apache's
combined format, goes to standard output. Secrets are in neither, at any level.`

const options = struct('Mail.', {
  smtp: struct('The mail server.', {
    addr: text('Its address, as `host:port`.', {}, 'host:port'),
    username: text('The user to log in as.'),
    password: text('Their password.'),
    insecure: flag('Speak to the server without TLS, or do not verify its certificate.', { default: false }),
  }),
  from: text('The sender.'),
  to: texts('The recipients.'),
})

export const log: Struct = struct(
  'What is logged, and how.',
  {
    level: word(levels, 'The least level that is logged.', { default: 'info' }),
    formatter: word(
      ['text', 'json', 'logstash'],
      'The form of a line. All of them have the names of fields that Distribution uses.',
      { default: 'text', restart: true },
    ),
    fields: mapOf(anyValue, 'Fields that are added to every line, such as `service: registry`.', {
      restart: true,
    }),
    accesslog: struct('The access log.', {
      disabled: flag('Write no access log.', { default: false }),
    }),
    reportcaller: flag('Add the place in the source to every line.', {
      default: false,
      since: '3',
      restart: true,
    }),
    hooks: listOf(
      struct(
        'A hook.',
        {
          disabled: flag('Leave the hook out.', { default: false }),
          type: text('`mail`. Hooks of other types are passed over, as in Distribution.'),
          levels: words(
            ['panic', 'fatal', 'error', 'warn', 'warning', 'info', 'debug', 'trace'],
            'The levels that are sent.',
          ),
          options,
        },
        { variables: { options: 'MAILOPTIONS' } },
      ),
      'Who else is told of a line in the log.',
    ),
  },
  { introduction },
)

export const loglevel: Layout = word(levels, 'Older name of `log.level`; counts when that is not set.', {
  replacedBy: 'log.level',
})
