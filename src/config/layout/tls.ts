import { cipherSuites } from '../cipher-suites.ts'
import type { Struct } from '../layout.ts'
import { address, path, struct, text, texts, url, word, words } from './build.ts'

const letsencrypt = struct(
  'Certificates that the registry gets by itself, by ACME.',
  {
    cachefile: path(
      'Where the account and the certificates are kept: a folder, or a file (version 2 has a file, version 3 a folder). Switches it on.',
    ),
    email: text("Whom the authority may write to about the account's certificates."),
    hosts: texts('The names to get certificates for. Others get none, as in version 3.'),
    directoryurl: url("The authority's directory.", { since: '3', unset: "Let's Encrypt" }),
    http01addr: address(
      'Where a listener without TLS answers http-01 challenges, and sends everybody else to https.',
      {
        since: 'berth',
        unset: 'there is none; challenges are answered on the port of `http.addr`, by tls-alpn-01',
      },
    ),
  },
  { restart: true },
)

export const tls: Struct = struct(
  'TLS. On when there is a certificate, or a place for those of Let’s Encrypt. To switch it on or off wants a restart.',
  {
    certificate: path('The certificate in PEM, followed by those of the authorities in between.', {}),
    key: path('Its key, in PEM. Required with `certificate`.'),
    clientcas: texts(
      'Files of the authorities, in PEM, whose certificates clients may show. Switches client certificates on.',
      {},
      'path',
    ),
    clientauth: word(
      [
        'request-client-cert',
        'require-any-client-cert',
        'verify-client-cert-if-given',
        'require-and-verify-client-cert',
      ],
      'What is asked of clients when there are `clientcas`.',
      { default: 'require-and-verify-client-cert', since: '3', restart: true },
    ),
    minimumtls: word(
      ['tls1.0', 'tls1.1', 'tls1.2', 'tls1.3'],
      'The oldest version of TLS that is spoken. Distribution 3 knows the last two.',
      { default: 'tls1.2', restart: true },
    ),
    ciphersuites: words(
      cipherSuites,
      'The cipher suites of TLS 1.2 and older, by the names that Go gives them. Those of TLS 1.3 are always there.',
      { unset: 'the ECDHE suites with AES-GCM or ChaCha20', restart: true },
    ),
    letsencrypt,
  },
)
