import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { join } from 'node:path'
import { maskPlaces, type CorpusCase, type Places } from './corpus-case.ts'

/** Where a registry is reached, and how. */
export interface Target {
  /** Such as `https://127.0.0.1:5000`, without a path. */
  readonly origin: string
  readonly port: number
  readonly debugPort: number
  /** Makes the connections: TLS, or to a socket. One for each request, so that no answer depends on the one before. */
  readonly agent: HttpAgent
  readonly tls: TlsMaterial | undefined
  /** The header that lets in, where somebody is asked who he is. */
  readonly authorization: string | undefined
  /** Text without what is different in every run. */
  readonly mask: (text: string) => string
}

/** What a client of TLS needs. */
export interface TlsMaterial {
  readonly ca: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

/** Asked for whatever a `Host` header says. */
const servername = 'localhost'

/** The files of `@CERTS@`, made by `certificates.ts`. */
export const certificateFiles = {
  authority: 'ca.crt',
  clientCertificate: 'client.crt',
  clientKey: 'client.key',
} as const

export function targetOf(subject: CorpusCase, places: Places, authorization: string | undefined): Target {
  const port = Number(places.PORT)
  const debugPort = Number(places.DEBUG)
  const mask = (text: string): string =>
    maskPlaces(text, places)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
      // Distribution's signed state of an upload, which Berth has no need of.
      .replaceAll(/\?_state=[\w%=-]+/g, '')
  const base = { port, debugPort, authorization, mask }
  switch (subject.over) {
    case 'tls': {
      const tls = material(places.CERTS, subject.asksForCertificate)
      return {
        ...base,
        origin: `https://127.0.0.1:${port}`,
        agent: new HttpsAgent({ ...tls, servername }),
        tls,
      }
    }
    case 'unix': {
      const agent = new HttpAgent({ socketPath: join(places.FOLDER, 'registry.sock') } as object)
      return { ...base, origin: 'http://localhost', agent, tls: undefined }
    }
    case 'ipv6':
      return { ...base, origin: `http://[::1]:${port}`, agent: new HttpAgent(), tls: undefined }
    default:
      return { ...base, origin: `http://127.0.0.1:${port}`, agent: new HttpAgent(), tls: undefined }
  }
}

function material(folder: string, withCertificate: boolean): TlsMaterial {
  const file = (name: keyof typeof certificateFiles): Buffer =>
    readFileSync(join(folder, certificateFiles[name]))
  const ca = file('authority')
  return withCertificate ? { ca, cert: file('clientCertificate'), key: file('clientKey') } : { ca }
}
