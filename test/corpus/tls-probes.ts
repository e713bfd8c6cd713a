import { request } from 'node:https'
import {
  connect,
  type ConnectionOptions,
  type DetailedPeerCertificate,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls'
import { askHttp2 } from './http2-probe.ts'
import type { Observation, Seen } from './observation.ts'
import type { Target, TlsMaterial } from './target.ts'

/** All of OpenSSL's suites, however weak, so that it is the server who refuses. */
const anySuite = 'ALL:@SECLEVEL=0'

const versions: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

/** OpenSSL's names, without the part that is the kind of the server's key, for suites of TLS 1.2. */
const suites: readonly string[] = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-SHA',
]

/** Which versions, suites and protocols a TLS listener speaks, and with whom. */
export async function probeTls(target: Target, tls: TlsMaterial, prefix: string): Promise<Observation> {
  const seen = new Map<string, Seen>()
  const base: ConnectionOptions = { host: '127.0.0.1', port: target.port, ...tls }
  for (const version of versions) {
    const options = { ...base, minVersion: version, maxVersion: version, ciphers: anySuite }
    seen.set(`TLS: ${version}`, await shake(options, () => 'spoken'))
  }
  for (const suite of suites) {
    const options: ConnectionOptions = {
      ...base,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: `${suite}:@SECLEVEL=0`,
    }
    seen.set(`TLS: ${suite}`, await shake(options, () => 'spoken'))
  }
  for (const [name, protocols] of Object.entries({
    'h2 and http/1.1': ['h2', 'http/1.1'],
    'http/1.1': ['http/1.1'],
  })) {
    const options = { ...base, ALPNProtocols: protocols }
    seen.set(`TLS: ALPN ${name}`, await shake(options, (socket) => String(socket.alpnProtocol)))
  }
  seen.set('TLS: certificates', await shake(base, (socket) => String(chainLength(socket))))
  for (const [name, material] of Object.entries({ 'client without a certificate': { ca: tls.ca } })) {
    seen.set(`TLS: ${name}`, await statusOf(target, material))
  }
  seen.set('HTTP/2: GET /v2/', await askHttp2(target, { ':path': `${prefix}/v2/` }))
  seen.set(
    'HTTP/2: POST upload',
    await askHttp2(target, { ':method': 'POST', ':path': `${prefix}/v2/h2/blobs/uploads/` }),
  )
  return seen
}

async function shake(options: ConnectionOptions, describe: (socket: TLSSocket) => string): Promise<Seen> {
  return await new Promise((resolve) => {
    const socket = connect(options)
    socket.on('error', () => resolve({ handshake: 'refused' }))
    socket.on('secureConnect', () => {
      resolve({ handshake: describe(socket) })
      socket.destroy()
    })
  })
}

/** How many certificates the server sends, but for a root. */
function chainLength(socket: TLSSocket): number {
  let length = 0
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true)
  while (certificate !== undefined && certificate.issuerCertificate !== certificate) {
    length++
    certificate = certificate.issuerCertificate
  }
  return length
}

/** With TLS 1.3 a client learns of its refusal after the handshake. */
async function statusOf(target: Target, material: TlsMaterial): Promise<Seen> {
  return await new Promise((resolve) => {
    const sent = request(`${target.origin}/v2/`, { ...material, agent: false }, (response) => {
      response.resume()
      resolve({ status: String(response.statusCode) })
    })
    sent.on('error', () => resolve({ status: 'refused' }))
    sent.end()
  })
}
