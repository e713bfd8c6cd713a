import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { http } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificates, type Certificates, type Issued } from './certificates.ts'

/** Certificates that are renewed on disk while the registry serves. */

const folder = temporaryFolder()
let certificates: Certificates
let ca: Buffer
let first: Issued
let second: Issued
before(async () => {
  certificates = await makeCertificates(folder.path)
  ca = await readFile(certificates.root.certificate)
  first = certificates.server.ecdsa
  second = await certificates.issue({ name: 'renewed', issuer: certificates.intermediate })
})
after(() => folder.remove())

/** Longer than what a state of files must last before it is trusted. */
const settled = 2_500

let count = 0

/** A folder of its own, as a volume is. */
async function newPlace(): Promise<string> {
  const place = join(folder.path, `place-${count++}`)
  await mkdir(place)
  return place
}

async function put({ chain, key }: Issued, place: string): Promise<void> {
  await copyFile(chain, join(place, 'tls.crt'))
  await copyFile(key, join(place, 'tls.key'))
}

async function start(place: string, test: TestContext): Promise<RunningRegistry> {
  const tls = { certificate: join(place, 'tls.crt'), key: join(place, 'tls.key') }
  return await startRegistry({ kind: 'berth', tls: { ca }, config: { http: { tls } } }, test)
}

/** The common name of the certificate that a new connection is shown. */
async function shown(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca })
  await once(socket, 'secureConnect')
  const subject = socket.getPeerX509Certificate()?.subject ?? ''
  socket.destroy()
  return subject
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, `${what}, within half a minute`)
    await delay(50)
  }
}

async function untilShown(name: string, port: number): Promise<void> {
  await until(async () => (await shown(port)) === `CN=${name}`, `${name} is shown`)
}

function linesOf(registry: RunningRegistry, pattern: RegExp): readonly string[] {
  return registry
    .output()
    .split('\n')
    .filter((line) => pattern.test(line))
}

/** Asks again and again on one connection, beginning now. */
class Client {
  readonly #agent: Agent
  readonly #url: string
  readonly #ports = new Set<number | undefined>()
  #isStopped = false
  #answers = 0
  readonly #asking: Promise<void>

  constructor(registry: RunningRegistry) {
    this.#url = `${registry.url}/v2/`
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca })
    this.#asking = this.#ask()
    // Told by `stop`.
    this.#asking.catch(() => {})
  }

  async #ask(): Promise<void> {
    while (!this.#isStopped) {
      const { status } = await http('GET', this.#url, { agent: this.#agent })
      assert.equal(status, 200)
      this.#answers++
      for (const socket of Object.values(this.#agent.freeSockets).flat()) this.#ports.add(socket?.localPort)
      await delay(20)
    }
  }

  /** Fails when an answer was missing or the connection was not kept. */
  async stop(): Promise<void> {
    const earlier = this.#answers
    await delay(100)
    this.#isStopped = true
    await this.#asking
    this.#agent.destroy()
    assert.ok(this.#answers > earlier, 'it is still answered')
    assert.equal(this.#ports.size, 1, 'all on one connection')
  }
}

interface Volume {
  readonly prepare: (place: string) => Promise<void>
  readonly renew: (place: string) => Promise<void>
}

async function publish(issued: Issued, place: string, name: string): Promise<void> {
  await mkdir(join(place, name))
  await put(issued, join(place, name))
  await symlink(name, join(place, 'next'))
  await rename(join(place, 'next'), join(place, '..data'))
}

async function link(target: string, place: string): Promise<void> {
  for (const ending of ['crt', 'key']) {
    await symlink(`${target}.${ending}`, join(place, 'next'))
    await rename(join(place, 'next'), join(place, `tls.${ending}`))
  }
}

const volumes: Readonly<Record<string, Volume>> = {
  'files that are overwritten': {
    prepare: (place) => put(first, place),
    renew: (place) => put(second, place),
  },
  'links that are replaced, as by certbot': {
    prepare: async (place) => {
      for (const [name, issued] of [
        ['1', first],
        ['2', second],
      ] as const) {
        await copyFile(issued.chain, join(place, `${name}.crt`))
        await copyFile(issued.key, join(place, `${name}.key`))
      }
      await link('1', place)
    },
    renew: (place) => link('2', place),
  },
  'a folder that is swapped, as by Kubernetes': {
    prepare: async (place) => {
      await publish(first, place, '..1')
      for (const ending of ['crt', 'key']) await symlink(`..data/tls.${ending}`, join(place, `tls.${ending}`))
    },
    renew: async (place) => {
      await publish(second, place, '..2')
      await rm(join(place, '..1'), { recursive: true })
    },
  },
}

describe('renewed certificates', () => {
  // At the same time, for the registry looks every ten seconds.
  it('are served without a restart, and no connection is lost', { concurrency: true }, async (t) => {
    await Promise.all(
      Object.entries(volumes).map(([name, { prepare, renew }]) =>
        t.test(name, async (u) => {
          const place = await newPlace()
          await prepare(place)
          const registry = await start(place, u)
          assert.equal(await shown(registry.port), 'CN=ecdsa')
          const client = new Client(registry)
          await delay(settled)
          await renew(place)
          await untilShown('renewed', registry.port)
          await client.stop()
          await until(() => linesOf(registry, /certificates reloaded/).length > 0, 'the log tells')
          assert.deepEqual(linesOf(registry, /level=(?:warning|error)|PRIVATE/), [])
        }),
      ),
    )
  })

  it('are served at once on SIGHUP, and an upload goes on', async (t) => {
    const place = await newPlace()
    await put(first, place)
    const registry = await start(place, t)
    const { headers } = await http('POST', `${registry.url}/v2/some/name/blobs/uploads/`, {
      tls: { ca },
      headers: { 'Content-Length': '0' },
    })
    const content = randomBytes(200_000)
    const body = new Readable({ read: () => {} })
    body.push(content.subarray(0, 100_000))
    const location = new URL(headers.location ?? '', registry.url)
    location.searchParams.set('digest', digestOf(content))
    const answer = http('PUT', location.href, { tls: { ca }, body })
    await delay(settled)
    await put(second, place)
    process.kill(registry.pid, 'SIGHUP')
    await untilShown('renewed', registry.port)
    body.push(content.subarray(100_000))
    body.push(null)
    assert.equal((await answer).status, 201)
  })
})

describe('a bad renewal', () => {
  it('keeps the old certificate and its connections, and logs one error', async (t) => {
    const place = await newPlace()
    await put(first, place)
    const registry = await start(place, t)
    const client = new Client(registry)
    await copyFile(second.chain, join(place, 'tls.crt'))
    const errors = (): readonly string[] => linesOf(registry, /level=error/)
    await until(() => errors().length > 0, 'an error')
    assert.match(errors()[0] ?? '', /certificates not reloaded.*tls\.key: the key does not match/)
    assert.equal(await shown(registry.port), 'CN=ecdsa')

    process.kill(registry.pid, 'SIGHUP')
    await until(() => errors().length > 1, 'an answer to the signal')
    assert.match(errors()[1] ?? '', /configuration not reloaded.*tls\.key: the key does not match/)
    assert.equal(await shown(registry.port), 'CN=ecdsa')

    await copyFile(second.key, join(place, 'tls.key'))
    await untilShown('renewed', registry.port)
    await client.stop()
    assert.equal(errors().length, 2)
  })
})
