import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import type { S3Keys, S3Server } from './radosgw.ts'
import { programPath } from './require-program.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Files in PEM. */
export interface ServerCertificate {
  readonly chain: string
  readonly key: string
}

export interface Versitygw extends S3Server {
  /** Each folder in it is a bucket, and each file in that an object. */
  readonly data: string
}

/**
 * Starts a gateway that keeps objects as files of a folder. It ends with the test, if one is given, or with this process.
 *
 * @param tls whose certificate it shows; without, it speaks plain HTTP
 */
export async function startVersitygw(test?: Cleaner, tls?: ServerCertificate): Promise<Versitygw> {
  const folder = temporaryFolder()
  const data = join(folder.path, 'data')
  mkdirSync(data)
  const port = await freePort()
  const keys: S3Keys = { accessKey: 'TESTS', secretKey: randomBytes(20).toString('hex') }
  const certificate = tls === undefined ? [] : ['--cert', tls.chain, '--key', tls.key]
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  const daemon = await startProcess(
    programPath('versitygw'),
    // Not with --sidecar: a write that fails there leaves an ETag behind, and conditional writes take that for an object.
    ['--port', `127.0.0.1:${port}`, '--quiet', ...certificate, 'posix', data],
    {
      env: { ROOT_ACCESS_KEY: keys.accessKey, ROOT_SECRET_KEY: keys.secretKey },
      isReady: async () => await answers(port),
    },
  ).catch(async (error: unknown) => {
    await folder.remove()
    throw error
  })
  const stop = async (): Promise<void> => {
    await daemon.kill()
    await folder.remove()
  }
  test?.after(stop)
  return { url, port, keys, data, stop }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
