import { z } from 'zod'
import type { TlsConfig } from '../config.ts'
import { cipherSuites } from '../cipher-suites.ts'
import {
  isHttpUrl,
  listenAddress,
  optionalText,
  text,
  texts,
  withoutUndefined,
  word,
  section,
  type Section,
} from './values.ts'

const letsencrypt = z
  .object({
    cachefile: optionalText,
    email: optionalText,
    hosts: texts,
    directoryurl: optionalText.refine((value) => value === undefined || isHttpUrl(value), {
      error: 'the URL of an ACME directory',
    }),
    http01addr: listenAddress(':80'),
  })
  .prefault({})
  .transform(withoutUndefined)

const suite = text.refine((name) => cipherSuites.includes(name), {
  error: `the name of a cipher suite in Go's form: ${cipherSuites.join(', ')}`,
})

/** `http.tls`. It is on when there is a certificate, or a place for those of Let's Encrypt. */
export const tls: Section<TlsConfig> = section(
  z
    .object({
      certificate: optionalText,
      key: optionalText,
      clientcas: texts,
      clientauth: word(
        'request-client-cert',
        'require-any-client-cert',
        'verify-client-cert-if-given',
        'require-and-verify-client-cert',
      ),
      minimumtls: word('tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'),
      ciphersuites: z.array(suite, { error: 'a list of names of cipher suites' }).default([]),
      letsencrypt,
    })
    .refine(
      ({ certificate, letsencrypt: { cachefile } }) => certificate === undefined || cachefile === undefined,
      {
        path: ['certificate'],
        error: 'either http.tls.certificate or http.tls.letsencrypt.cachefile, not both',
        when: () => true,
      },
    )
    .refine(({ certificate, key }) => certificate === undefined || key !== undefined, {
      path: ['key'],
      error: 'the path of the key of http.tls.certificate',
      when: () => true,
    })
    // Distribution serves without TLS then, which nobody who wrote these can want.
    .refine(({ certificate, key }) => key === undefined || certificate !== undefined, {
      path: ['certificate'],
      error: 'the path of the certificate that http.tls.key belongs to',
      when: () => true,
    })
    .refine(
      ({ letsencrypt: { cachefile, email, hosts } }) =>
        cachefile !== undefined || (email === undefined && hosts.length === 0),
      {
        path: ['letsencrypt', 'cachefile'],
        error: 'the path of the folder, or file, that keeps the certificates',
        when: () => true,
      },
    )
    .transform((given) =>
      withoutUndefined({
        ...given,
        clientauth: given.clientauth ?? ('require-and-verify-client-cert' as const),
        minimumtls: given.minimumtls ?? ('tls1.2' as const),
      }),
    ),
)
