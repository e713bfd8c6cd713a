import { lstat, rm } from 'node:fs/promises'
import { parseListenAddress } from '../config/listen-address.ts'
import type { Place } from '../util/listen.ts'
import type { ListenerOptions } from './listener-options.ts'

/**
 * Where the main listener is to listen. An old socket file is removed.
 *
 * @throws Error in one line
 */
export async function listenPlace({
  address,
  net,
  fd,
}: Pick<ListenerOptions, 'address' | 'net' | 'fd'>): Promise<Place> {
  if (fd !== undefined) return { fd }
  if (net === 'unix') {
    await removeSocket(address)
    return { path: address }
  }
  const place = parseListenAddress(address)
  if (place === undefined) throw new Error(`cannot listen on ${address}: not of the form host:port`)
  return place
}

/** A socket that a process left when it died would refuse the address for ever. */
async function removeSocket(path: string): Promise<void> {
  let isSocket: boolean
  try {
    isSocket = (await lstat(path)).isSocket()
  } catch {
    return
  }
  if (!isSocket) throw new Error(`cannot listen on ${path}: it exists and is no socket`)
  await rm(path, { force: true })
}
