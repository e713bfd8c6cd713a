import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { httpCheck, type HttpCheckOptions } from '../../src/health/http-check.ts'
import { systemRoots } from '../../src/health/system-roots.ts'
import { requireProgram } from '../support/require-program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeCertificate } from '../tls/certificates.ts'

const never = new AbortController().signal

async function serving(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function check(uri: string, options: Partial<HttpCheckOptions> = {}): Promise<void> {
  const all = { headers: {}, statuscode: 200, timeout: 10_000, interval: 1000, threshold: 0, ...options, uri }
  await httpCheck(all).run(never)
}

/** A server that sends every request on, from `/0` to `/1` and so on, `times` times. */
function hops(times: number): RequestListener {
  return (request, response) => {
    const number = Number(request.url?.slice(1))
    response.writeHead(number < times ? 302 : 200, { Location: `/${number + 1}` }).end()
  }
}

describe('an HTTP check', () => {
  it('asks with HEAD and the headers, and wants the status', async (t) => {
    const asked: IncomingMessage[] = []
    const host = await serving(t, (request, response) => {
      asked.push(request)
      response.writeHead(request.url === '/ok' ? 200 : 503).end()
    })
    const headers = {
      Accept: ['text/plain'],
      'X-Many': ['1', '2'],
      Host: ['other.example.com'],
      'content-length': ['9'],
    }
    await check(`http://${host}/ok`, { headers })
    const [request] = asked
    assert.ok(request)
    assert.deepEqual(
      [request.method, request.headers.accept, request.headers['x-many'], request.headers.host],
      ['HEAD', 'text/plain', '1, 2', host],
    )
    assert.equal(request.headers['content-length'], undefined)
    await assert.rejects(check(`http://${host}/down`), {
      message: 'downstream service returned unexpected status: 503 (expected 200)',
    })
    await check(`http://${host}/down`, { statuscode: 503 })
    await assert.rejects(check(`http://${host}/ok`, { statuscode: 503 }), {
      message: 'downstream service returned unexpected status: 200 (expected 503)',
    })
  })

  it('sends the user of the URL, and shows it nowhere', async (t) => {
    const asked: (string | undefined)[] = []
    const host = await serving(t, (request, response) => {
      asked.push(request.headers.authorization)
      response.end()
      request.socket.destroy()
    })
    const uri = `http://user:secret@${host}/?key=secret`
    await check(uri)
    assert.deepEqual(asked, [`Basic ${Buffer.from('user:secret').toString('base64')}`])
    const { name } = httpCheck({ uri, headers: {}, statuscode: 200, timeout: 0, interval: 0, threshold: 0 })
    assert.equal(name, `http://xxxxx@${host}/?key=xxxxx`)
    await assert.rejects(check(uri, { statuscode: 201 }), (error: Error) => !error.message.includes('secret'))
    await assert.rejects(check('http://user:secret@127.0.0.1:1/?key=secret'), {
      message: 'error while checking: connection refused',
    })
  })

  it('gives up when the answer does not come in time', async (t) => {
    const host = await serving(t, () => {})
    await assert.rejects(check(`http://${host}/`, { timeout: 50 }), {
      message: 'error while checking: timed out after 0.05 s',
    })
  })

  it('gives up when it is told to', async (t) => {
    const stop = new AbortController()
    const host = await serving(t, () => stop.abort())
    const options = {
      uri: `http://${host}/`,
      headers: {},
      statuscode: 200,
      timeout: 0,
      interval: 0,
      threshold: 0,
    }
    await assert.rejects(httpCheck(options).run(stop.signal))
  })

  it('says when what answers is no HTTP server', async (t) => {
    const host = await serving(t, (request) => request.socket.end('SSH-2.0-OpenSSH\r\n'))
    await assert.rejects(check(`http://${host}/`), { message: /^error while checking: Parse Error/ })
  })

  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows ${status} with HEAD`, async (t) => {
      const asked: (string | undefined)[] = []
      const host = await serving(t, (request, response) => {
        asked.push(`${request.method} ${request.url}`)
        if (request.url === '/from') response.writeHead(status, { Location: 'to?x=1' })
        response.end()
      })
      await check(`http://${host}/from`)
      assert.deepEqual(asked, ['HEAD /from', 'HEAD /to?x=1'])
    })
  }

  it('takes a redirect without a place, and 304, for the answer', async (t) => {
    const host = await serving(t, (request, response) => {
      response
        .writeHead(Number(request.url?.slice(1)), request.url === '/304' ? { Location: '/200' } : {})
        .end()
    })
    await check(`http://${host}/302`, { statuscode: 302 })
    await check(`http://${host}/304`, { statuscode: 304 })
  })

  it('makes ten requests at most', async (t) => {
    await check(`http://${await serving(t, hops(9))}/0`)
    await assert.rejects(check(`http://${await serving(t, hops(10))}/0`), {
      message: 'error while checking: stopped after 10 redirects',
    })
  })

  it('takes its time for all redirects together', async (t) => {
    const host = await serving(t, (request, response) => {
      const next = Number(request.url?.slice(1)) + 1
      setTimeout(() => response.writeHead(302, { Location: `/${next}` }).end(), 60)
    })
    await assert.rejects(check(`http://${host}/0`, { timeout: 150 }), { message: /timed out after 0.15 s/ })
  })

  it('keeps secrets from other sites', async (t) => {
    const asked: IncomingMessage[] = []
    const target = await serving(t, (request, response) => {
      asked.push(request)
      response.end()
    })
    const elsewhere = target.replace('127.0.0.1', 'localhost')
    const host = await serving(t, (request, response) => {
      response.writeHead(302, { Location: `http://${request.url === '/same' ? target : elsewhere}/` }).end()
    })
    const headers = { Authorization: ['Bearer secret'], Cookie: ['secret'], 'X-Kept': ['yes'] }
    await check(`http://${host}/same`, { headers })
    await check(`http://${host}/other`, { headers })
    const [same, other] = asked
    assert.deepEqual(
      [same?.headers.authorization, same?.headers.cookie, same?.headers['x-kept']],
      ['Bearer secret', 'secret', 'yes'],
    )
    assert.deepEqual(
      [other?.headers.authorization, other?.headers.cookie, other?.headers['x-kept']],
      [undefined, undefined, 'yes'],
    )
  })

  it('does not follow to what is not HTTP', async (t) => {
    const host = await serving(t, (request, response) => {
      const places = ['ftp://user:secret@example.com/', 'file:///etc/passwd', 'http://[']
      response.writeHead(302, { Location: places[Number(request.url?.slice(1))] ?? '' }).end()
    })
    const messages = [
      'redirected to ftp://xxxxx@example.com/, which is not http or https',
      'redirected to file:///etc/passwd, which is not http or https',
      'redirected to what is no URL',
    ]
    for (const [index, message] of messages.entries())
      await assert.rejects(check(`http://${host}/${index}`), { message: `error while checking: ${message}` })
  })
})

describe('an HTTPS check', () => {
  const rhythm = { interval: 1000, threshold: 0 }

  it('trusts the authorities of the system, and no others', async (t) => {
    if (!requireProgram(t, 'openssl')) return
    const folder = temporaryFolder(t).path
    const authority = await makeCertificate(folder, { name: 'company', use: 'authority' })
    const own = await makeCertificate(folder, { name: 'service', issuer: authority })
    const tls = { cert: readFileSync(own.certificate), key: readFileSync(own.key) }
    const server = createHttpsServer(tls, (_, response) => response.end())
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const uri = `https://localhost:${(server.address() as AddressInfo).port}/`
    const options = { uri, headers: {}, statuscode: 200, timeout: 10_000, ...rhythm }
    const trusting = systemRoots({
      env: { SSL_CERT_FILE: authority.certificate },
      read: (path) => readFileSync(path, 'utf8'),
    })
    const trusted = httpCheck(options, trusting)
    await trusted.run(never)
    await trusted.run(never)
    await assert.rejects(httpCheck(options).run(never), {
      message: /^error while checking: unable to verify the first certificate/,
    })
    const otherName = httpCheck(
      { ...options, uri: uri.replace('localhost', 'localhost.localdomain') },
      trusting,
    )
    await assert.rejects(otherName.run(never), { message: /^error while checking: / })
  })
})
