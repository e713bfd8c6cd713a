import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'

const wanted = 10_000
const fewest = 4_000

/** Node raises its own limit to the hard one, so that is what counts. */
function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

function residentMiB(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024
}

void test('10,000 idle connections', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc')
  const count = Math.min(wanted, openFilesLimit() - 200)
  if (count < fewest && !process.env['CI'])
    return t.skip(`no more than ${count + 200} open files are allowed`)
  assert.ok(count >= fewest, `only ${count} connections are possible: raise the limit of open files`)
  const registry = await startRegistry({ kind: 'berth' }, t)
  const before = residentMiB(registry.pid)

  const program = join(import.meta.dirname, 'idle-clients.js')
  const clients = spawn(process.execPath, [program, String(registry.port), String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => clients.kill('SIGKILL'))
  const [printed] = (await once(clients.stdout, 'data')) as [Buffer]
  assert.equal(Number(printed.toString()), count, 'all of them are open')

  await t.test('requests are answered all the same, and at once', async () => {
    const times: number[] = []
    for (let number = 0; number < 20; number++) {
      const began = performance.now()
      const answer = await http('GET', `${registry.url}/v2/`)
      times.push(performance.now() - began)
      assert.equal(answer.status, 200)
    }
    const median = times.toSorted((a, b) => a - b)[10] ?? 0
    assert.ok(median < 500, `${median} ms`)
  })

  await t.test('a blob can be pushed and pulled', async () => {
    const content = seededBytes('idle', 1_000_000)
    const digest = digestOf(content)
    const headers = { 'Content-Type': 'application/octet-stream' }
    const post = await http('POST', `${registry.url}/v2/idle/blobs/uploads/?digest=${digest}`, {
      headers,
      body: content,
    })
    assert.equal(post.status, 201)
    const get = await http('GET', `${registry.url}/v2/idle/blobs/${digest}`)
    assert.ok(get.body.equals(content))
  })

  await t.test('they take little memory', () => {
    const perConnection = ((residentMiB(registry.pid) - before) * 1024) / count
    t.diagnostic(`${perConnection.toFixed(1)} KiB a connection`)
    assert.ok(perConnection < 40, `${perConnection} KiB a connection`)
  })

  clients.stdin.end()
  await once(clients, 'exit')
  assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
  const { code } = await registry.stop()
  assert.equal(code, 0)
})
