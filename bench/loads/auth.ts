import type { Asks } from '../auth-files.ts'
import { inParallel } from '../connection.ts'
import { acceptHeaders } from '../image.ts'
import type { ServedLoad } from '../load.ts'
import { measure } from '../measure.ts'
import { wrk } from '../wrk.ts'

/** So few that a server which compares a password for each request answers before wrk gives it up. */
const connections = 8

/** One small request again and again, of somebody who says who he is. */
export function authLoads(): readonly ServedLoad[] {
  return [
    manifests('htpasswd', 'with a password of a file (bcrypt, cost 10)'),
    manifests('token', 'with a token (RS256)'),
  ]
}

function manifests(asks: Asks, how: string): ServedLoad {
  return {
    id: `auth-${asks}`,
    title: `GET manifest by digest ${how}`,
    family: 'Access',
    unit: 'requests/s',
    work: 'request',
    store: 'image',
    asks,
    run: async (server, { auth, contender, seconds: duration, seed }) => {
      const path = `/v2/${seed.repository}/manifests/${seed.manifest}`
      const headers = { ...acceptHeaders, Authorization: auth.header(asks, contender.id) }
      await checkThatItAsks(server.port, path)
      const end = performance.now() + duration * 250
      await inParallel(server.port, connections, Array.from({ length: connections }), async (connection) => {
        do await connection.expect(200, { method: 'GET', path, headers })
        while (performance.now() < end)
      })
      return await measure(server.pid, async () => {
        const { requests, seconds } = await wrk(`${server.url}${path}`, headers, connections, duration)
        return { value: () => requests / seconds, work: requests }
      })
    },
  }
}

/** A server that lets anybody in would be measured in vain. */
async function checkThatItAsks(port: number, path: string): Promise<void> {
  await inParallel(port, 1, [undefined], async (connection) => {
    await connection.expect(401, { method: 'GET', path, headers: acceptHeaders })
  })
}
