import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { basic, htpasswdFile } from '../auth/htpasswd-file.ts'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Sends a request and resets the connection, before the server has looked at it. */
async function sendAndReset(port: number, password: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  await once(socket, 'connect')
  const head = `GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: ${basic('bob', password)}\r\n\r\n`
  await new Promise<void>((resolve) => {
    socket.write(head, () => resolve())
  })
  socket.resetAndDestroy()
}

for (const workers of [1, 2]) {
  void test(`who resets his connection does not choose his address by that, of ${workers}`, (t) =>
    checkAddresses(t, workers))
}

async function checkAddresses(t: TestContext, workers: number): Promise<void> {
  const path = join(temporaryFolder(t).path, 'htpasswd')
  writeFileSync(path, await htpasswdFile({ bob: 'secret' }))
  const registry = await startRegistry(
    {
      kind: 'berth',
      config: {
        auth: { htpasswd: { realm: 'r', path } },
        http: { trustedproxies: ['10.9.9.9'] },
        log: { formatter: 'json' },
        workers,
      },
    },
    t,
  )
  // While it is stopped, the connections pile up, reset and all.
  process.kill(registry.pid, 'SIGSTOP')
  for (let index = 0; index < 20; index++) await sendAndReset(registry.port, `guess-${index}`)
  process.kill(registry.pid, 'SIGCONT')
  const answer = await http('GET', `${registry.url}/v2/`, {
    headers: { Authorization: basic('bob', 'wrong'), 'X-Forwarded-For': '6.6.6.6' },
  })
  assert.equal(answer.status, 401)
  await delay(500)
  const output = registry.output()
  assert.match(output, /"client":"127\.0\.0\.1"/)
  assert.doesNotMatch(output, /6\.6\.6\.6/)
}
