import { z } from 'zod'
import type { AuthConfig, SigningAlgorithm } from '../auth.ts'
import { flag, optionalText, refuse, section, text, withoutUndefined, type Section } from './values.ts'

const required = text.min(1, { error: 'text that is not empty' })

const silly = z.object({ realm: required, service: required })

const htpasswd = z.object({ realm: required, path: required })

const algorithms: readonly SigningAlgorithm[] = [
  'EdDSA',
  ...(['RS', 'ES', 'PS', 'HS'] as const).flatMap((family) =>
    ([256, 384, 512] as const).map((bits): SigningAlgorithm => `${family}${bits}`),
  ),
]

const algorithm = text.transform((value, context): SigningAlgorithm => {
  const found = algorithms.find((name) => name === value)
  if (found === undefined) refuse(context, algorithms.join(', '))
  return found ?? 'EdDSA'
})

const token = z
  .object({
    realm: required,
    service: required,
    issuer: required,
    rootcertbundle: optionalText,
    jwks: optionalText,
    autoredirect: flag.default(false),
    autoredirectpath: text
      .regex(/^$|^\/[^\s?#"\\]*$/, { error: 'a path that begins with a slash, such as /auth/token' })
      .transform((value) => (value === '' ? '/auth/token' : value))
      .default('/auth/token'),
    signingalgorithms: z.array(algorithm, { error: 'a list' }).default([]),
  })
  .transform(withoutUndefined)

/** That there is at most one, and one that exists, is checked where the places are known. */
export const auth: Section<AuthConfig> = section(
  z
    .object({ silly: silly.optional(), htpasswd: htpasswd.optional(), token: token.optional() })
    .transform((given): AuthConfig => {
      if (given.htpasswd !== undefined) return { name: 'htpasswd', ...given.htpasswd }
      if (given.token !== undefined) return { name: 'token', ...given.token }
      if (given.silly !== undefined) return { name: 'silly', ...given.silly }
      return { name: 'none' }
    }),
)
