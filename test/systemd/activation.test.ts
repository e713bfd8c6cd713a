import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { startProcess, type BackgroundProcess } from '../support/background-process.ts'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { programPath, repositoryRoot, requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a registry that systemd gives its socket', () => {
  it('serves on that, whatever its configuration says, and stops', async (t) => {
    if (!requireProgram(t, 'systemd-socket-activate')) return
    const [port, configured] = [await freePort(), await freePort()]
    const registry = await activated(t, [port], configured, async () => {
      return (await http('GET', `http://127.0.0.1:${port}/v2/`)).status === 200
    })
    await assert.rejects(http('GET', `http://127.0.0.1:${configured}/v2/`), { code: 'ECONNREFUSED' })
    assert.deepEqual(await registry.stop(), { code: 0, signal: undefined })
    assert.match(registry.output(), new RegExp(`msg=listening address="127\\.0\\.0\\.1:${port}"`))
  })

  it('does not start with several', async (t) => {
    if (!requireProgram(t, 'systemd-socket-activate')) return
    const ports = [await freePort(), await freePort()]
    const failed = await activated(t, ports, await freePort(), async () => {
      return (await http('GET', `http://127.0.0.1:${ports[0]}/v2/`)).status === 200
    }).then(
      () => assert.fail('it started'),
      (error: unknown) => String(error),
    )
    assert.match(failed, /systemd passed 2 sockets .*: one is expected/)
  })
})

/** The program opens the ports, waits for a connection, and then becomes the registry. */
async function activated(
  test: TestContext,
  ports: readonly number[],
  configured: number,
  isReady: () => Promise<boolean>,
): Promise<BackgroundProcess> {
  const folder = temporaryFolder(test).path
  const file = join(folder, 'config.yml')
  writeFileSync(
    file,
    JSON.stringify({
      version: 0.1,
      storage: { filesystem: { rootdirectory: join(folder, 'store') } },
      http: { addr: `127.0.0.1:${configured}` },
    }),
  )
  const listen = ports.flatMap((port) => ['-l', `127.0.0.1:${port}`])
  const main = join(repositoryRoot, 'build', 'src', 'main.cjs')
  const registry = await startProcess(
    programPath('systemd-socket-activate'),
    [...listen, process.execPath, main, 'serve', file],
    { isReady },
  )
  test.after(async () => {
    if (registry.running) await registry.kill()
  })
  return registry
}
