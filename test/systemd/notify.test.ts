import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, it } from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { serviceManager } from './service-manager.ts'

describe('a registry that systemd started', () => {
  it('says when it serves, reloads and stops', async (t) => {
    if (!requireProgram(t, 'perl', 'systemd-notify')) return
    const manager = await serviceManager(t)
    const registry = await startRegistry({ kind: 'berth', env: { NOTIFY_SOCKET: manager.socket } }, t)
    const ready = await manager.until(/^READY=1/)
    assert.equal(ready, 0)

    const before = process.hrtime.bigint() / 1000n
    process.kill(registry.pid, 'SIGHUP')
    const reloading = await manager.until(/^RELOADING=1 MONOTONIC_USEC=\d+$/)
    const time = BigInt(manager.messages()[reloading]?.split('=').at(-1) ?? 0)
    assert.ok(before <= time && time <= process.hrtime.bigint() / 1000n)
    const again = await manager.until(/^READY=1/, reloading)
    assert.equal(again, reloading + 1)

    await registry.stop()
    await manager.until(/^STOPPING=1$/, again)
    assert.deepEqual([...new Set(manager.pids())], [registry.pid])
  })

  it('beats for the watchdog, but not while it hangs', async (t) => {
    if (!requireProgram(t, 'perl', 'systemd-notify')) return
    const manager = await serviceManager(t)
    const registry = await startRegistry(
      { kind: 'berth', env: { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: '400000' } },
      t,
    )
    const first = await manager.until(/^WATCHDOG=1$/)
    assert.ok(first > (await manager.until(/^READY=1/)))
    await manager.until(/^WATCHDOG=1$/, first + 1)
    process.kill(registry.pid, 'SIGSTOP')
    await delay(500)
    const count = manager.messages().length
    await delay(1000)
    assert.equal(manager.messages().length, count)
    process.kill(registry.pid, 'SIGCONT')
    await manager.until(/^WATCHDOG=1$/, count)
  })

  it('serves as well when nobody can be told, and warns once of it', async (t) => {
    const folder = temporaryFolder(t).path
    for (const [env, reason] of [
      [{ NOTIFY_SOCKET: `${folder}/nobody`, WATCHDOG_USEC: '100000' }, /systemd-notify|notify/],
      [{ NOTIFY_SOCKET: `${folder}/nobody`, WATCHDOG_USEC: '100000', PATH: folder }, /NotifyAccess=all/],
    ] as const) {
      if (!requireProgram(t, 'systemd-notify')) return
      const registry = await startRegistry({ kind: 'berth', env }, t)
      await delay(500)
      assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
      await registry.stop()
      const warnings = registry.output().match(/^.*systemd is not notified.*$/gm) ?? []
      assert.equal(warnings.length, 1, registry.output())
      assert.match(warnings[0] ?? '', reason)
    }
  })
})
