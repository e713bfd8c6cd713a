import type { Struct } from '../layout.ts'
import { flag, path, struct, text } from './build.ts'

// Sections that only Distribution 2 has.

export const reporting: Struct = struct(
  'Services that errors are reported to. Version 3 passes over it.',
  {
    bugsnag: struct('Bugsnag.', {
      apikey: text('The key.'),
      releasestage: text('The stage, such as `production`.'),
      endpoint: text('The address of the service.'),
    }),
    newrelic: struct('New Relic.', {
      licensekey: text('The key.'),
      name: text('The name of the application.'),
      verbose: flag('Log what is sent.', { default: false }),
    }),
  },
  { since: '2 only' },
)

export const compatibility: Struct = struct(
  'What old clients need. Version 3 passes over it.',
  {
    schema1: struct(
      'Manifests of the first schema, which neither Berth nor version 3 accept.',
      {
        enabled: flag('Accept them.', { default: false }),
        signingkeyfile: path('The key that signs them.'),
      },
      { variables: { signingkeyfile: 'TRUSTKEY' } },
    ),
  },
  { since: '2 only' },
)
