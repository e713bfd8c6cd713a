import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Cleaner } from '../support/at-exit.ts'
import { makeCertificateFolder } from './certificates.ts'
import { startVersitygw } from '../support/versitygw.ts'
import type { SharedPlaces } from './corpus-case.ts'

/** Makes what all cases share: certificates, the ports that health checks look at, and a server of buckets. */
export async function prepareSurroundings(test: Cleaner, folder: string): Promise<SharedPlaces> {
  const certificates = join(folder, 'certs')
  mkdirSync(certificates)
  await makeCertificateFolder(certificates)

  const server = createServer({ headersTimeout: 0, requestTimeout: 0 }, (_, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // The near end of a connection has a port where nobody can begin to listen, as somebody could on one that is merely free.
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  test.after(() => {
    client.destroy()
    server.close()
  })
  const { port: store, keys, data } = await startVersitygw(test)
  return {
    CERTS: certificates,
    OPEN: String(port),
    CLOSED: String(client.localPort),
    STORE: String(store),
    KEY: keys.accessKey,
    SECRET: keys.secretKey,
    buckets: data,
  }
}
