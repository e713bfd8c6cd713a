import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, openSync, closeSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as startRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type TestContext } from 'node:test'
import { atExit } from '../support/at-exit.ts'
import { http } from '../support/http.ts'
import { freePort } from '../support/free-port.ts'
import { startRegistry } from '../support/registry-process.ts'
import { repositoryRoot } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { digestOf, seededBytes } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const main = join(repositoryRoot, 'build', 'src', 'main.cjs')

function writeConfig(folder: string, httpConfig: object): string {
  const file = join(folder, 'config.yml')
  const storage = { filesystem: { rootdirectory: join(folder, 'store') } }
  writeFileSync(file, JSON.stringify({ version: '0.1', storage, http: httpConfig }))
  return file
}

/** Berth with its streams as told, killed at the end of the test. */
async function spawnBerth(
  t: TestContext,
  args: readonly string[],
  stdio: StdioOptions,
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, ...args], { stdio })
  const forget = atExit(() => child.kill('SIGKILL'))
  t.after(() => {
    child.kill('SIGKILL')
    forget()
  })
  await once(child, 'spawn')
  return child
}

async function ended(child: ChildProcess): Promise<readonly [number | null, NodeJS.Signals | null]> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return [child.exitCode, child.signalCode]
}

async function answers(work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (Date.now() > deadline) throw error
      await delay(25)
    }
  }
}

void test('a log that cannot be written does not end the server', async (t) => {
  for (const [what, open, after] of [
    ['a full disk', () => openSync('/dev/full', 'w'), () => {}],
    ['a reader that went away', () => 'pipe' as const, (child: ChildProcess) => child.stderr?.destroy()],
  ] as const) {
    await t.test(what, async (sub) => {
      const port = await freePort()
      const file = writeConfig(temporaryFolder(sub).path, { addr: `127.0.0.1:${port}` })
      const stderr = open()
      const child = await spawnBerth(sub, ['serve', file], ['ignore', 'ignore', stderr])
      if (typeof stderr === 'number') closeSync(stderr)
      after(child)
      const url = `http://127.0.0.1:${port}`
      await answers(() => http('GET', `${url}/v2/`))
      // Each of these is a line of the log.
      for (let time = 0; time < 20; time++)
        assert.equal((await http('GET', `${url}/v2/none/manifests/v${time}`)).status, 404)
      assert.equal((await http('GET', `${url}/v2/`)).status, 200)
      child.kill('SIGTERM')
      assert.deepEqual(await ended(child), [0, null])
    })
  }
})

async function overSocket(path: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    const request = startRequest(
      { socketPath: path, path: '/v2/', headers: { Host: 'registry' }, agent: false },
      (response: IncomingMessage) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    request.on('error', reject)
    request.end()
  })
}

void test('http.net: unix', async (t) => {
  await t.test('does not take the place of a file', async (sub) => {
    const folder = temporaryFolder(sub).path
    const path = join(folder, 'precious')
    writeFileSync(path, 'precious')
    const file = writeConfig(folder, { net: 'unix', addr: path })
    const result = await run(process.execPath, [main, 'serve', file], { mayFail: true, timeoutMs: 20_000 })
    assert.equal(result.code, 1)
    assert.match(result.stderr, /^error: cannot listen on .*precious: .*no socket$/m)
    assert.equal(readFileSync(path, 'utf8'), 'precious')
  })

  await t.test('takes the place of a socket that a process left when it died', async (sub) => {
    const folder = temporaryFolder(sub).path
    const path = join(folder, 'registry.sock')
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
    const dying = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(dying.stdout, 'data')
    dying.kill('SIGKILL')
    await ended(dying)
    assert.ok(lstatSync(path).isSocket(), 'it is left')
    await assert.rejects(overSocket(path), { code: 'ECONNREFUSED' })

    const file = writeConfig(folder, { net: 'unix', addr: path })
    const child = await spawnBerth(sub, ['serve', file], ['ignore', 'ignore', 'inherit'])
    await answers(() => overSocket(path))
    assert.equal(await overSocket(path), 200)
    child.kill('SIGTERM')
    assert.deepEqual(await ended(child), [0, null])
    assert.ok(!existsSync(path), 'and it leaves none')
  })
})

void test('a drain time that is longer than any timer lets what is in flight finish', async (t) => {
  const registry = await startRegistry({ kind: 'berth', config: { http: { draintimeout: '600h' } } }, t)
  const content = seededBytes('drain', 30_000_000)
  const digest = digestOf(content)
  const push = await http('POST', `${registry.url}/v2/r/blobs/uploads/?digest=${digest}`, {
    headers: { 'Content-Type': 'application/octet-stream' },
    body: content,
  })
  assert.equal(push.status, 201)
  const request = startRequest(`${registry.url}/v2/r/blobs/${digest}`, { agent: false })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const stopped = registry.stop()
  await delay(500)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  assert.ok(Buffer.concat(chunks).equals(content))
  assert.deepEqual(await stopped, { code: 0, signal: undefined })
  assert.doesNotMatch(registry.output(), /cut off|TimeoutOverflowWarning/)
})

void test('variables of other programs are warned about, whatever they hold', async (t) => {
  for (const value of ['@foo', '{', '"', '%', ': :', '\t- a']) {
    await t.test(JSON.stringify(value), async (sub) => {
      const registry = await startRegistry({ kind: 'berth', env: { REGISTRY_PASSWORD: value } }, sub)
      assert.equal((await http('GET', `${registry.url}/v2/`)).status, 200)
      assert.match(registry.output(), /level=warning .*REGISTRY_PASSWORD: unrecognized/)
      await registry.stop('SIGKILL')
    })
  }
})

void test('without arguments it tells how it is used', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [main], { mayFail: true, timeoutMs: 20_000 })
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^Usage: berth /)
  assert.match(stdout, /serve/)
  assert.equal(stderr, '')
})

void test('called `registry`, it is that', async (t) => {
  const link = join(temporaryFolder(t).path, 'registry')
  symlinkSync(main, link)
  for (const flag of ['--version', '-v']) {
    const { stdout } = await run(process.execPath, [link, flag], { timeoutMs: 20_000 })
    assert.match(stdout, /^registry \S+ \d+\.\d+\.\d+/)
  }
  const { stdout } = await run(process.execPath, [main, '--version'], { timeoutMs: 20_000 })
  assert.match(stdout, /^berth /)
})

void test('SIGTERM while it starts ends it at once', async (t) => {
  const folder = temporaryFolder(t).path
  const file = writeConfig(folder, { addr: '127.0.0.1:0' })
  for (const milliseconds of [0, 40, 80, 120, 160, 240, 400]) {
    await t.test(`after ${milliseconds} ms`, async (sub) => {
      const child = await spawnBerth(sub, ['serve', file], ['ignore', 'ignore', 'pipe'])
      let output = ''
      child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
      await delay(milliseconds)
      const began = performance.now()
      child.kill('SIGTERM')
      const [code, signal] = await ended(child)
      assert.ok(performance.now() - began < 3000, `${performance.now() - began} ms`)
      // Before the program has begun, the signal does what it does to any; then it ends as shells tell of that.
      assert.ok(code === 0 || code === 143 || signal === 'SIGTERM', `${code} ${signal} ${output}`)
      assert.doesNotMatch(output, /\bat .+:\d+:\d+\)?$/m, 'no stack')
    })
  }
})
