import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import test from 'node:test'
import {
  locationPath,
  newBlob,
  octets,
  pushBlob,
  startUpload,
  withDigest,
  type Content,
} from '../http/content.ts'
import { newGate } from '../http/gate.ts'
import { outcome } from '../http/in-process.ts'
import type { HttpOptions, HttpResponse } from '../support/http.ts'
import { filesBelow, request, startVictim, type Victim } from './victim.ts'

function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** Every request that names an upload, with bytes where it takes some. */
const requests: readonly (readonly [method: string, digest?: string])[] = [
  ['GET'],
  ['HEAD'],
  ['PATCH'],
  ['PUT', 'right'],
  ['DELETE'],
]

function forged(state: unknown): string {
  const token = Buffer.concat([Buffer.alloc(32), Buffer.from(JSON.stringify(state))])
  return `?_state=${encodeURIComponent(token.toString('base64url'))}`
}

function chunk(blob: Content, start: number, end: number): HttpOptions {
  return {
    headers: { ...octets, 'Content-Range': `${start}-${end - 1}` },
    body: blob.content.subarray(start, end),
  }
}

async function tryAll(victim: Victim, path: string, expected: string | RegExp): Promise<void> {
  const blob = newBlob(50)
  for (const [method, digest] of requests) {
    const target = digest === undefined ? path : withDigest(path, blob.digest)
    const takesBody = method === 'PATCH' || method === 'PUT'
    const options: HttpOptions = takesBody ? { headers: octets, body: blob.content } : {}
    const answer = await victim.call(method, target, options)
    const got = method === 'HEAD' ? String(answer.status) : outcome(answer)
    const wanted = method === 'HEAD' && typeof expected === 'string' ? expected.split(' ', 1)[0] : expected
    if (wanted instanceof RegExp) assert.match(got, wanted, `${method} ${target.slice(0, 100)}`)
    else assert.equal(got, wanted, `${method} ${target.slice(0, 100)}`)
  }
}

void test('upload ids that are none of this repository', async (t) => {
  const victim = await startVictim(t)

  await t.test('malformed', async () => {
    for (const id of [
      'x',
      '0',
      'startedat',
      '..%2f..',
      '%2e%2e',
      '%00',
      '00000000-0000-4000-8000-00000000000',
      '00000000-0000-4000-8000-0000000000000',
      '00000000-0000-4000-8000-00000000000G',
      '00000000_0000_4000_8000_000000000000',
      '{00000000-0000-4000-8000-000000000000}',
      'a'.repeat(10_000),
      '00000000-0000-4000-8000-000000000000%2fparts',
      '00000000-0000-4000-8000-000000000000%00',
      '%D9%A0',
      '__proto__',
    ]) {
      await tryAll(victim, `/v2/victim/blobs/uploads/${id}`, /^(?:301|404|404 BLOB_UPLOAD_UNKNOWN)$/)
      await victim.checkUnharmed(id)
    }
  })

  await t.test('unknown', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', '0193a5e0-7b5c-7c3e-9f0e-6a1b2c3d4e5f']) {
      await tryAll(victim, `/v2/victim/blobs/uploads/${id}`, '404 BLOB_UPLOAD_UNKNOWN')
      await victim.checkUnharmed(id)
    }
  })

  await t.test('in upper case', async () => {
    const path = await startUpload(victim, 'victim')
    const upper = path.slice(0, -36) + idOf(path).toUpperCase()
    if (upper !== path) await tryAll(victim, upper, '404 BLOB_UPLOAD_UNKNOWN')
    assert.equal((await victim.call('DELETE', path)).status, 204)
    await victim.checkUnharmed()
  })

  await t.test('ended, by a commit or given up', async () => {
    const committed = await startUpload(victim, 'victim')
    const target = withDigest(committed, victim.blob.digest)
    const put = await victim.call('PUT', target, { headers: octets, body: victim.blob.content })
    assert.equal(put.status, 201)
    const cancelled = await startUpload(victim, 'victim')
    await victim.call('PATCH', cancelled, { headers: octets, body: 'x' })
    assert.equal((await victim.call('DELETE', cancelled)).status, 204)
    for (const path of [committed, cancelled]) await tryAll(victim, path, '404 BLOB_UPLOAD_UNKNOWN')
    await victim.checkUnharmed()
  })

  await t.test('of another repository', async () => {
    const path = await startUpload(victim, 'victim')
    await victim.call('PATCH', path, { headers: octets, body: 'secret bytes' })
    for (const other of ['attacker', 'victim/below', 'victi', 'victim2', 'a/victim']) {
      await tryAll(victim, `/v2/${other}/blobs/uploads/${idOf(path)}`, '404 BLOB_UPLOAD_UNKNOWN')
    }
    const status = await victim.call('GET', path)
    assert.equal(status.headers.range, '0-11', 'its owner goes on with it')
    assert.equal((await victim.call('DELETE', path)).status, 204)
    await victim.checkUnharmed()
  })

  await t.test('of a Distribution that left it half done', async () => {
    const id = '12345678-1234-4234-8234-123456789abc'
    const { writeRaw } = await import('../http/content.ts')
    const folder = `repositories/victim/_uploads/${id}`
    await writeRaw(victim, `${folder}/startedat`, '2026-01-01T00:00:00Z')
    await writeRaw(victim, `${folder}/data`, 'bytes of Distribution')
    await writeRaw(victim, `${folder}/hashstates/sha256/21`, 'state')
    victim.settle()
    await tryAll(victim, `/v2/victim/blobs/uploads/${id}`, '404 BLOB_UPLOAD_UNKNOWN')
    await victim.checkUnharmed('and its files stay as they lie')
  })
})

void test('a forged _state has no effect', async (t) => {
  const victim = await startVictim(t)
  const path = await startUpload(victim, 'victim')
  const states = [
    forged({ Name: 'other', UUID: idOf(path), Offset: 0, StartedAt: '2026-01-01T00:00:00Z' }),
    forged({ Name: 'victim', UUID: '00000000-0000-4000-8000-000000000000', Offset: 5 }),
    forged({ Name: 'victim', UUID: idOf(path), Offset: 1e15 }),
    forged({ __proto__: { admin: true } }),
    '?_state=',
    '?_state=%00%ff',
    `?_state=${'A'.repeat(20_000)}`,
    '?_state=a&_state=b',
  ]
  const expected: number[] = []
  for (const [number, state] of states.entries()) {
    const answer = await victim.call('PATCH', path + state, { headers: octets, body: 'x' })
    assert.equal(answer.status, 202)
    expected.push(number)
    assert.equal(answer.headers.range, `0-${expected.length - 1}`)
    assert.equal((await victim.call('GET', path + state)).headers.range, `0-${expected.length - 1}`)
  }
  for (const state of states) {
    const other = `/v2/other/blobs/uploads/${idOf(path)}${state}`
    assert.equal(
      outcome(await victim.call('PATCH', other, { headers: octets, body: 'x' })),
      '404 BLOB_UPLOAD_UNKNOWN',
    )
  }
  assert.equal((await victim.call('DELETE', path)).status, 204)
  await victim.checkUnharmed()
})

/** Ends an upload with all of a blob's bytes, or not at all; whatever happens, only true bytes become visible. */
async function checkCommit(victim: Victim, path: string, blob: Content): Promise<HttpResponse> {
  const answer = await victim.call('PUT', withDigest(path, blob.digest))
  const visible = await victim.call('GET', `/v2/race/blobs/${blob.digest}`)
  if (answer.status === 201) {
    assert.equal(visible.status, 200)
    assert.ok(visible.body.equals(blob.content))
  } else {
    assert.equal(visible.status, 404, 'nothing is visible after a commit that failed')
  }
  return answer
}

void test('segments that race', async (t) => {
  const victim = await startVictim(t)

  await t.test('the same chunk many times at once: it counts once', async () => {
    const blob = newBlob(100_000)
    const path = await startUpload(victim, 'race')
    for (const [start, end] of [
      [0, 60_000],
      [60_000, 100_000],
    ] as const) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => victim.call('PATCH', path, chunk(blob, start, end))),
      )
      for (const answer of answers) assert.ok([202, 416].includes(answer.status), outcome(answer))
      assert.ok(answers.some((answer) => answer.status === 202))
      assert.equal((await victim.call('GET', path)).headers.range, `0-${end - 1}`)
    }
    assert.equal((await checkCommit(victim, path, blob)).status, 201)
  })

  await t.test('chunks of all places at once, again and again: in the end the blob is whole', async () => {
    const blob = newBlob(50_000)
    const path = await startUpload(victim, 'race')
    for (let rounds = 0; rounds < 20; rounds++) {
      const range = String((await victim.call('GET', path)).headers.range)
      if (range === '0-49999') break
      await Promise.all(
        [0, 1, 2, 3, 4].map((number) =>
          victim.call('PATCH', path, chunk(blob, number * 10_000, (number + 1) * 10_000)),
        ),
      )
    }
    assert.equal((await checkCommit(victim, path, blob)).status, 201)
  })

  await t.test('different bytes for the same place: one of them counts, and it is told which', async () => {
    for (let round = 0; round < 5; round++) {
      const [short, long] = [newBlob(1000), newBlob(2000)]
      const path = await startUpload(victim, 'race')
      await Promise.all(
        [short, long, long, short].map((blob) =>
          victim.call('PATCH', path, { headers: octets, body: blob.content }),
        ),
      )
      const size = Number(/^0-(\d+)$/.exec(String((await victim.call('GET', path)).headers.range))?.[1]) + 1
      const answers = [await checkCommit(victim, path, long), await checkCommit(victim, path, short)]
      if (size === 2000 || size === 1000) {
        assert.equal(answers.filter((answer) => answer.status === 201).length <= 1, true)
      }
    }
  })

  await t.test('two commits at once: both hear the truth', async () => {
    for (const patches of [1, 3]) {
      for (let round = 0; round < 5; round++) {
        const blob = newBlob(90_000)
        const path = await startUpload(victim, 'race')
        const step = 90_000 / patches
        for (let at = 0; at < 90_000; at += step) {
          assert.equal((await victim.call('PATCH', path, chunk(blob, at, at + step))).status, 202)
        }
        const answers = await Promise.all(
          [0, 1, 2].map(() => victim.call('PUT', withDigest(path, blob.digest))),
        )
        const outcomes = answers.map(outcome)
        assert.ok(outcomes.includes('201'), outcomes.join())
        for (const each of outcomes) assert.match(each, /^(?:201|404 BLOB_UPLOAD_UNKNOWN)$/)
        const get = await victim.call('GET', `/v2/race/blobs/${blob.digest}`)
        assert.ok(get.body.equals(blob.content))
      }
    }
  })

  await t.test(
    'a commit while bytes arrive, a cancel while bytes arrive: nothing is left of them',
    async () => {
      for (const end of ['PUT', 'DELETE'] as const) {
        const blob = newBlob(10_000)
        const path = await startUpload(victim, 'race')
        await victim.call('PATCH', path, chunk(blob, 0, 10_000))
        const gate = newGate()
        const slow = victim.call('PATCH', path, {
          headers: octets,
          body: Readable.from(
            (async function* (): AsyncGenerator<Buffer> {
              yield Buffer.alloc(1000)
              await gate.opened
              yield Buffer.alloc(1000)
            })(),
          ),
        })
        await new Promise((resolve) => setTimeout(resolve, 50))
        const answer = await victim.call(end, end === 'PUT' ? withDigest(path, blob.digest) : path)
        assert.ok([201, 204].includes(answer.status), outcome(answer))
        gate.open()
        assert.equal(outcome(await slow), '404 BLOB_UPLOAD_UNKNOWN')
        assert.equal(outcome(await victim.call('GET', path)), '404 BLOB_UPLOAD_UNKNOWN')
        assert.equal(await uploadsLeft(victim), 0)
      }
    },
  )
})

async function uploadsLeft(victim: Victim): Promise<number> {
  return filesBelow(victim.root).filter((path) => path.includes('/_uploads/')).length
}

void test('segments that break off', async (t) => {
  const victim = await startVictim(t)

  /** Sends a part of what the length says, and breaks the connection. */
  const breakOff = async (path: string, blob: Content, start: number, sent: number): Promise<void> => {
    const rest = blob.content.length - start
    const head = request(`PATCH ${path}`, { ...octets, 'Content-Length': String(rest) })
    await victim
      .attack([head, blob.content.subarray(start, start + sent)], { pauseMs: 30, end: true, timeoutMs: 5000 })
      .catch(() => undefined)
  }
  const size = async (path: string): Promise<number> => {
    const range = /^0-(\d+)$/.exec(String((await victim.call('GET', path)).headers.range))?.[1]
    return range === '0' ? 0 : Number(range) + 1
  }
  const settled = async (path: string, expected: number): Promise<void> => {
    for (let tries = 0; tries < 100 && (await size(path)) !== expected; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    assert.equal(await size(path), expected)
  }

  await t.test('what arrived is kept, and the rest follows', async () => {
    const blob = newBlob(500_000)
    const path = await startUpload(victim, 'broken')
    let at = 0
    for (const sent of [100_000, 1, 150_000]) {
      await breakOff(path, blob, at, sent)
      at += sent
      await settled(path, at)
    }
    const answer = await victim.call('PATCH', path, {
      headers: { ...octets, 'Content-Range': `${at}-499999` },
      body: blob.content.subarray(at),
    })
    assert.equal(answer.status, 202)
    assert.equal((await victim.call('PUT', withDigest(path, blob.digest))).status, 201)
    const get = await victim.call('GET', `/v2/broken/blobs/${blob.digest}`)
    assert.ok(get.body.equals(blob.content))
  })

  await t.test('a client that begins anew at 0 replaces what it had broken off', async () => {
    const blob = newBlob(300_000)
    const path = await startUpload(victim, 'broken')
    await breakOff(path, blob, 0, 100_000)
    await settled(path, 100_000)
    const options = { headers: { ...octets, 'Content-Range': '0-299999' }, body: blob.content }
    const again = await victim.call('PATCH', path, options)
    assert.equal(outcome(again), '416 RANGE_INVALID')
    assert.equal(again.headers.range, '0-99999')
    const rest = { headers: octets, body: blob.content.subarray(100_000) }
    assert.equal((await victim.call('PATCH', path, rest)).status, 202)
    assert.equal((await victim.call('PUT', withDigest(path, blob.digest))).status, 201)
  })

  await t.test('a PUT of all bytes that breaks off leaves nothing visible, and can be repeated', async () => {
    const blob = newBlob(300_000)
    const path = await startUpload(victim, 'broken')
    const head = request(`PUT ${withDigest(path, blob.digest)}`, { ...octets, 'Content-Length': '300000' })
    await victim
      .attack([head, blob.content.subarray(0, 150_000)], { pauseMs: 30, end: true })
      .catch(() => undefined)
    assert.equal((await victim.call('HEAD', `/v2/broken/blobs/${blob.digest}`)).status, 404)
    const put = await victim.call('PUT', withDigest(path, blob.digest), {
      headers: octets,
      body: blob.content,
    })
    assert.equal(put.status, 201)
  })

  await t.test('a single POST that breaks off leaves nothing at all', async () => {
    await victim.call('GET', '/v2/')
    assert.equal(await uploadsLeft(victim), 0)
    assert.ok(filesBelow(victim.root).every((path) => !path.startsWith('_berth/tmp/')))
    victim.settle()
    const blob = newBlob(300_000)
    const target = `/v2/broken/blobs/uploads/?digest=${blob.digest}`
    for (const headers of [{ 'Content-Length': '300000' }, { 'Transfer-Encoding': 'chunked' }]) {
      const head = request(`POST ${target}`, { ...octets, ...headers })
      const body =
        'Content-Length' in headers ? blob.content.subarray(0, 150_000) : `100\r\n${'x'.repeat(256)}\r\n`
      await victim.attack([head, body], { pauseMs: 30, end: true }).catch(() => undefined)
      await victim.checkUnharmed()
    }
    assert.equal((await victim.call('HEAD', `/v2/broken/blobs/${blob.digest}`)).status, 404)
  })
})

void test('a wrong digest at the end: nothing becomes visible', async (t) => {
  const victim = await startVictim(t)
  const claimed = newBlob(5000)
  const elsewhere = newBlob(5000)
  await pushBlob(victim, 'private', elsewhere)
  victim.settle()
  for (const [what, digest] of [
    ['of bytes that nobody has', claimed.digest],
    ['of bytes that another repository has', elsewhere.digest],
    ['of bytes that this repository has', victim.blob.digest],
  ] as const) {
    await t.test(what, async () => {
      for (const body of [newBlob(5000).content, elsewhere.content.subarray(1), Buffer.alloc(0)]) {
        const post = `/v2/victim/blobs/uploads/?digest=${digest}`
        if (body.length > 0) {
          const options = { headers: octets, body }
          assert.equal(outcome(await victim.call('POST', post, options)), '400 DIGEST_INVALID')
        }
        const path = await startUpload(victim, 'victim')
        const put = await victim.call('PUT', withDigest(path, digest), { headers: octets, body })
        assert.equal(outcome(put), '400 DIGEST_INVALID')
        const patched = await startUpload(victim, 'victim')
        await victim.call('PATCH', patched, { headers: octets, body })
        assert.equal(outcome(await victim.call('PUT', withDigest(patched, digest))), '400 DIGEST_INVALID')
      }
      await victim.checkUnharmed(what)
    })
  }
  assert.equal((await victim.call('HEAD', `/v2/victim/blobs/${elsewhere.digest}`)).status, 404)
  assert.equal((await victim.call('HEAD', `/v2/victim/blobs/${claimed.digest}`)).status, 404)
  assert.equal((await victim.call('GET', `/v2/victim/blobs/${victim.blob.digest}`)).status, 200)
  const answer = await victim.call('POST', '/v2/victim/blobs/uploads/')
  await victim.call('DELETE', locationPath(answer))
})

void test('a slow chunk whose upload ends meanwhile leaves nothing', async (t) => {
  const victim = await startVictim(t, { settings: { stallMilliseconds: 400 } })
  const sent = newBlob(100_000)
  const ends: Readonly<Record<string, (path: string) => Promise<string>>> = {
    'by a commit': async (path) => outcome(await victim.call('PUT', withDigest(path, sent.digest))),
    'by a cancellation': async (path) => outcome(await victim.call('DELETE', path)),
    'by a commit of other bytes': async (path) =>
      outcome(await victim.call('PUT', withDigest(path, newBlob(5).digest))),
  }
  for (const [how, end] of Object.entries(ends)) {
    for (const client of ['breaks off', 'stalls', 'comes to its end'] as const) {
      await t.test(`${how}, and the slow client ${client}`, async () => {
        const path = await startUpload(victim, 'slow')
        const first = await victim.call('PATCH', path, { headers: octets, body: sent.content })
        assert.equal(first.status, 202)
        const more = newBlob(200_000)
        const socket = connect({ port: victim.port, host: '127.0.0.1' })
        socket.on('error', () => {})
        const head = request(`PATCH ${path}`, { ...octets, 'Content-Length': '200000' })
        socket.write(head)
        socket.write(more.content.subarray(0, 150_000))
        // The server has a part of it, and waits for the rest.
        await waitFor(() => filesBelow(victim.root).some((file) => file.startsWith('_berth/tmp/')))
        await end(path)
        // What is committed stays; of the upload nothing may.
        const left = filesBelow(victim.root).filter((file) => !file.startsWith('_berth/tmp/'))
        if (client === 'breaks off') socket.resetAndDestroy()
        else if (client === 'comes to its end') socket.write(more.content.subarray(150_000))
        const same = (): boolean => filesBelow(victim.root).join('\n') === left.join('\n')
        await waitFor(() => !filesBelow(victim.root).some((file) => file.startsWith('_berth/tmp/')))
        await waitFor(same)
        await new Promise((resolve) => setTimeout(resolve, 50))
        assert.deepEqual(filesBelow(victim.root), left)
        assert.ok(!left.some((file) => file.includes('/_uploads/')))
        socket.destroy()
        const status = (await victim.call('GET', path)).status
        assert.equal(status, 404)
        victim.settle()
      })
    }
  }
})

async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !condition(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(condition(), 'it did not come in time')
}
