import type { OpenMap } from '../layout.ts'
import { flag, keys, parameters, path, text, url, words } from './build.ts'

const introduction = `
At most one access controller, named by its key. Without one, everybody may do everything. A controller that does not exist,
a misspelt one included, stops the start: to pass over it would open the registry.`

const algorithms = ['RS', 'ES', 'PS', 'HS'].flatMap((family) => [256, 384, 512].map((bits) => family + bits))

const realm = text('What users are told they log in to. Required.')

export const auth: OpenMap = keys(
  'Who may do what.',
  {
    none: keys('No access control; the same as no controller at all. May be written `auth: none`.', {}),
    silly: parameters('Lets everybody in who sends any `Authorization` header. For tests of clients.', {
      realm,
      service: text('The service that the challenge names. Required.'),
    }),
    htpasswd: parameters(
      'Users and passwords from a file, which is followed as it changes. Failed logins are slowed down: [access.md](access.md#failed-logins-are-slowed-down).',
      {
        realm,
        path: path(
          'The file, with bcrypt entries as `berth htpasswd` and `htpasswd -B` write them, of cost 17 at most. Others are passed over, and named in the log. A file that is not there at the start is made, with a user `docker` whose password is shown once, on standard error. Required.',
        ),
      },
    ),
    token: parameters('Bearer tokens that another server issues.', {
      realm: url('Where clients get their token. Required.'),
      service: text('The audience that tokens must have. Required.'),
      issuer: text('The issuer that tokens must have. Required.'),
      rootcertbundle: path('The certificates, in PEM, of those who may sign tokens. Required in version 2.'),
      jwks: path('Keys of those who may sign tokens, as a JSON Web Key Set.', { since: '3' }),
      autoredirect: flag('Take the realm from the request: its host, and `autoredirectpath`.', {
        default: false,
      }),
      autoredirectpath: text('The path of the realm then.', { default: '/auth/token', since: '3' }),
      signingalgorithms: words(['EdDSA', ...algorithms], 'The algorithms that tokens may be signed with.', {
        unset: 'all of them',
        since: '3',
      }),
    }),
  },
  { shorthand: true, introduction },
)
