import type { HttpConfig } from '../config/config.ts'
import type { Logger } from '../util/logger.ts'
import { AcmeTls } from './acme-tls.ts'
import { FileTls } from './file-tls.ts'
import type { Tls } from './tls.ts'

/**
 * @param version of the program, told to the authority
 * @returns undefined without TLS
 * @throws Error of one line
 */
export async function createTls(http: HttpConfig, version: string, log: Logger): Promise<Tls | undefined> {
  const { tls } = http
  if (tls.certificate !== undefined) return await FileTls.open(tls, log)
  if (tls.letsencrypt.cachefile !== undefined) return await AcmeTls.open(http, version, log)
  return undefined
}
