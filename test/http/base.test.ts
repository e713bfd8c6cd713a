import assert from 'node:assert/strict'
import test from 'node:test'
import { image, pushManifest } from './content.ts'
import { contentHeaders, outcome, startApp } from './in-process.ts'

void test('the base of the API', async (t) => {
  const server = await startApp(t)

  await t.test('/v2/ says {} to every method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await server.call(method, '/v2/')
      assert.equal(answer.status, 200, method)
      assert.equal(answer.headers['content-type'], 'application/json')
      assert.equal(answer.headers['content-length'], '2')
      assert.equal(answer.body.toString(), '{}')
    }
    const [head, get] = [await server.call('HEAD', '/v2/'), await server.call('GET', '/v2/')]
    assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
  })

  await t.test('/ says 200 without a body, for load balancers', async () => {
    const answer = await server.call('GET', '/')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['cache-control'], 'no-cache')
    assert.equal(answer.body.length, 0)
  })

  await t.test(
    'the absolute form of a request target is the same as its path (RFC 9112, 3.2.2)',
    async () => {
      const { request } = await import('node:http')
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const path = `${server.url}/v2/`
        const sent = request({ host: '127.0.0.1', port: server.port, path, agent: false }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject)
        sent.end()
      })
      assert.equal(status, 200)
    },
  )
})

void test('routes', async (t) => {
  const server = await startApp(t)
  await pushManifest(server, 'some/name', 'v1', image())
  const digest = image().digest

  const moved: readonly (readonly [method: string, path: string, location: string])[] = [
    ['GET', '/v2', '/v2/'],
    ['GET', '/v2?a=b', '/v2/?a=b'],
    ['GET', '/v2/_catalog/', '/v2/_catalog'],
    ['GET', '/v2/_catalog/?n=1', '/v2/_catalog?n=1'],
    ['GET', '/v2/some/name/tags/list/', '/v2/some/name/tags/list'],
    ['POST', '/v2/some/name/blobs/uploads', '/v2/some/name/blobs/uploads/'],
    ['GET', '/v2//some//name/tags/list', '/v2/some/name/tags/list'],
    ['PUT', '/v2/some/name//manifests/v1', '/v2/some/name/manifests/v1'],
  ]
  for (const [method, path, location] of moved) {
    await t.test(`${method} ${path} moved to ${location}`, async () => {
      const answer = await server.call(method, path)
      assert.equal(answer.status, 301)
      assert.equal(answer.headers.location, location)
    })
  }

  await t.test('a moved path keeps what is encoded in it encoded', async () => {
    const answer = await server.call('GET', '/v2//a%3Fb%23c/tags/list')
    if (answer.status === 301) assert.equal(answer.headers.location, '/v2/a%3Fb%23c/tags/list')
    else assert.equal(outcome(answer), '400 NAME_INVALID')
  })

  for (const path of [
    '/v1/',
    '/v2x/',
    '/favicon.ico',
    '/v2/some',
    '/v2/_other',
    '/v2/some/name/tags',
    '/v2/some/name/tags/other',
    '/v2/tags/list',
    `/v2/manifests/${digest}`,
    `/v2/some/name/signatures/${digest}`,
  ]) {
    await t.test(`${path} is no route`, async () => {
      const answer = await server.call('GET', path)
      assert.equal(answer.status, 404)
      assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8')
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
      assert.equal(answer.body.toString(), '404 page not found\n')
      assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
    })
  }

  const otherMethods: readonly (readonly [method: string, path: string, allow: string])[] = [
    ['POST', '/v2/_catalog', 'GET, HEAD'],
    ['DELETE', '/v2/some/name/tags/list', 'GET, HEAD'],
    ['POST', '/v2/some/name/manifests/v1', 'DELETE, GET, HEAD, PUT'],
    ['PATCH', `/v2/some/name/blobs/${digest}`, 'DELETE, GET, HEAD'],
    ['PUT', `/v2/some/name/referrers/${digest}`, 'GET, HEAD'],
  ]
  for (const [method, path, allow] of otherMethods) {
    await t.test(`${method} ${path} is 405 and names what is allowed`, async () => {
      const answer = await server.call(method, path)
      assert.equal(outcome(answer), '405 UNSUPPORTED')
      assert.equal(answer.headers.allow, allow)
      const options = await server.call('OPTIONS', path)
      assert.equal(options.status, 200)
      assert.equal(options.headers.allow, allow)
    })
  }

  await t.test('a name may hold the words of the API', async () => {
    for (const name of [
      'manifests',
      'blobs/uploads',
      'tags/list',
      'a/tags/list',
      'blobs',
      'v2/_catalog'.slice(0, 2),
    ]) {
      await pushManifest(server, name, 'latest', image())
      const tags = await server.call('GET', `/v2/${name}/tags/list`)
      assert.deepEqual(tags.json(), { name, tags: ['latest'] })
      assert.equal((await server.call('GET', `/v2/${name}/manifests/latest`)).status, 200)
    }
  })

  await t.test('a percent-encoded path is what it stands for', async () => {
    const answer = await server.call('GET', '/v2/some%2Fname/manifests/%76%31')
    assert.equal(answer.status, 200)
  })
})

void test('http.headers are on every answer of a route', async (t) => {
  const server = await startApp(t, {
    http: { headers: { 'X-Content-Type-Options': ['nosniff'], 'X-Two': ['a', 'b'] } },
  })
  for (const [path, status] of [
    ['/v2/', 200],
    ['/v2/_catalog', 200],
    ['/v2/a/tags/list', 404],
    ['/v2/A/tags/list', 400],
  ] as const) {
    const answer = await server.call('GET', path)
    assert.equal(answer.status, status)
    assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    assert.equal(answer.headers['x-two'], 'a, b')
  }
})
