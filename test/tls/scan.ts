import { run, words } from '../support/run.ts'
import { connect } from './s-client.ts'

const versions = ['tls1', 'tls1_1', 'tls1_2'] as const

/**
 * Tries out what a server on loopback accepts of all that OpenSSL knows: for each version it offers every cipher, then every other one
 * than those that were chosen, until the server chooses none.
 *
 * @returns versions and ciphers such as `TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256`, of each version those first that the server prefers
 */
export async function scan(port: number): Promise<readonly string[]> {
  const found: string[] = []
  for (const version of versions) {
    const chosen: string[] = []
    for (;;) {
      const ciphers = ['ALL', 'COMPLEMENTOFALL', ...chosen.map((cipher) => `!${cipher}`)].join(':')
      const { isEstablished, protocol, cipher } = await connect({ port, version, ciphers })
      if (!isEstablished) break
      chosen.push(cipher)
      found.push(`${protocol} ${cipher}`)
    }
  }
  let suites = await suitesOfTls13()
  while (suites.length > 0) {
    const { isEstablished, protocol, cipher } = await connect({
      port,
      version: 'tls1_3',
      suites: suites.join(':'),
    })
    if (!isEstablished) break
    suites = suites.filter((suite) => suite !== cipher)
    found.push(`${protocol} ${cipher}`)
  }
  return found
}

async function suitesOfTls13(): Promise<readonly string[]> {
  const all =
    'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256'
  const { stdout } = await run('openssl', words(`ciphers -s -tls1_3 -ciphersuites ${all}`))
  return stdout.trim().split(':')
}
