import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { requireProgram, requireRoot } from '../support/require-program.ts'
import { makeAuthority } from './certificates.ts'
import { Client } from './client.ts'
import { exercise, expectedLocations } from './exercise.ts'
import {
  frontKinds,
  originOf,
  ownAddress,
  startFront,
  type FrontKind,
  type FrontOptions,
  type Place,
  type Site,
} from './front.ts'
import { startRegistry, type RunningRegistry } from './registry.ts'

interface Arrangement {
  readonly what: string
  readonly site: Site
  /** `http` of the registry's configuration, given where the front is: ORIGIN is replaced by it. */
  readonly http?: Readonly<Record<string, unknown>>
  /** The root of the `Location`s, likewise. */
  readonly root: string
  readonly edits?: Readonly<Record<FrontKind, FrontOptions['edits']>>
}

const arrangements: readonly Arrangement[] = [
  { what: 'at the root', site: 'whole-host', root: 'ORIGIN' },
  { what: 'at the root, relative', site: 'whole-host', http: { relativeurls: true }, root: '' },
  { what: 'at the root, http.host', site: 'whole-host', http: { host: 'ORIGIN' }, root: 'ORIGIN' },
  { what: 'http.prefix', site: 'prefix', http: { prefix: '/registry/' }, root: 'ORIGIN/registry' },
  {
    what: 'http.prefix, relative',
    site: 'prefix',
    http: { prefix: '/registry/', relativeurls: true },
    root: '/registry',
  },
  {
    what: 'http.prefix, http.host',
    site: 'prefix',
    http: { prefix: '/registry/', host: 'ORIGIN' },
    root: 'ORIGIN/registry',
  },
  { what: "a path of the front's own", site: 'path', root: 'ORIGIN/registry' },
  {
    what: "a path of the front's own, relative",
    site: 'path',
    http: { relativeurls: true },
    root: '/registry',
  },
  {
    what: "a path of the front's own, http.host",
    site: 'path',
    http: { host: 'ORIGIN/registry/' },
    root: 'ORIGIN/registry',
  },
  {
    what: 'a front that says it by Forwarded',
    site: 'whole-host',
    root: 'ORIGIN',
    edits: {
      nginx: {
        'proxy.conf': [
          [
            'proxy_set_header Forwarded "";',
            'proxy_set_header Forwarded "for=$remote_addr;host=\\"$http_host\\";proto=$scheme";',
          ],
          ['proxy_set_header Host $http_host;', 'proxy_set_header Host inner.example;'],
          ['proxy_set_header X-Forwarded-Host $http_host;', 'proxy_set_header X-Forwarded-Host "";'],
          ['proxy_set_header X-Forwarded-Proto $scheme;', 'proxy_set_header X-Forwarded-Proto "";'],
        ],
      },
      haproxy: {
        'haproxy.cfg': [
          [
            'http-request del-header Forwarded\n',
            'http-request set-header Forwarded for=%[src];host=\\"%[req.hdr(host)]\\";proto=http unless { ssl_fc }\n' +
              '    http-request set-header Forwarded for=%[src];host=\\"%[req.hdr(host)]\\";proto=https if { ssl_fc }\n' +
              '    http-request set-header Host inner.example\n' +
              '    http-request del-header X-Forwarded-Host\n' +
              '    http-request del-header X-Forwarded-Proto\n',
          ],
        ],
      },
    },
  },
  {
    what: 'a front that tells host and port apart',
    site: 'whole-host',
    root: 'ORIGIN',
    edits: {
      nginx: {
        'proxy.conf': [
          ['proxy_set_header Host $http_host;', 'proxy_set_header Host $host;'],
          ['proxy_set_header X-Forwarded-Host $http_host;', 'proxy_set_header X-Forwarded-Host $host;'],
          ['proxy_set_header X-Forwarded-Port "";', 'proxy_set_header X-Forwarded-Port $server_port;'],
        ],
      },
      haproxy: {
        'haproxy.cfg': [
          ['X-Forwarded-Host %[req.hdr(host)]', 'X-Forwarded-Host %[req.hdr(host),host_only]'],
          [
            'http-request del-header X-Forwarded-Port',
            'http-request set-header X-Forwarded-Port %[dst_port]',
          ],
        ],
      },
    },
  },
]

/** Which of the two may be compared: those where Distribution does what it should. */
const alike = ['at the root', 'at the root, relative', 'http.prefix', "a path of the front's own, http.host"]

const forgeries: readonly Readonly<Record<string, string>>[] = [
  { Forwarded: 'host=evil.example;proto=http' },
  { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http', 'X-Forwarded-Port': '81' },
  { 'X-Forwarded-Port': '81', 'X-Real-IP': '192.0.2.1', 'X-Forwarded-For': '192.0.2.1' },
]

for (const kind of frontKinds) {
  void test(`behind ${kind}`, async (t) => {
    if (!requireProgram(t, kind, 'openssl') || !requireRoot(t)) return
    const authority = await makeAuthority(t)
    const client = new Client(authority)
    const address = ownAddress()
    const tls = await authority.issue([address])

    for (const arrangement of arrangements) {
      await t.test(arrangement.what, async (sub) => {
        // One for all, unless it is told where the front is.
        const shared = isToldOrigin(arrangement)
          ? undefined
          : await startRegistry({ http: arrangement.http ?? {} }, sub)
        for (const isTls of [true, false]) {
          for (const isStandardPort of [true, false]) {
            const where = `${isTls ? 'TLS' : 'plain'}, ${isStandardPort ? 'its own port' : 'another port'}`
            await sub.test(where, async (part) => {
              const port = isStandardPort ? (isTls ? 443 : 80) : await freePort()
              const place = { address, port, tls: isTls ? tls : undefined }
              const { base, root } = await arrange(part, kind, arrangement, place, shared)
              assert.deepEqual(await exercise(client, base), expectedLocations(root))
            })
          }
        }
      })
    }

    await t.test('what a client claims about itself does not pass', async (sub) => {
      const { base } = await arrange(
        sub,
        kind,
        { what: '', site: 'whole-host', root: 'ORIGIN' },
        { address, port: 443, tls },
      )
      for (const headers of forgeries) {
        const uploads = `${base}/v2/team/app/blobs/uploads/`
        const answer = await client.expect(202, 'POST', uploads, { headers, body: '' })
        assert.equal(new URL(String(answer.headers.location)).origin, base, JSON.stringify(headers))
      }
    })

    await t.test('http.trustedproxies says whose word counts', async (sub) => {
      for (const [trustedproxies, scheme] of [
        [['127.0.0.1'], 'https'],
        [['127.0.0.0/8', 'fd00::/8'], 'https'],
        [['10.0.0.1'], 'http'],
        [[], 'http'],
      ] as const) {
        await sub.test(trustedproxies.join(' and ') || 'nobody', async (part) => {
          const arrangement = {
            what: '',
            site: 'whole-host',
            http: { trustedproxies },
            root: 'ORIGIN',
          } as const
          const { base } = await arrange(part, kind, arrangement, { address, port: 443, tls })
          const uploads = `${base}/v2/team/app/blobs/uploads/`
          const answer = await client.expect(202, 'POST', uploads, { body: '' })
          assert.equal(new URL(String(answer.headers.location)).origin, `${scheme}://${address}`)
        })
      }
    })

    for (const peer of ['distribution2', 'distribution3'] as const) {
      const program = peer === 'distribution2' ? 'docker-registry' : peer
      await t.test(`${peer} leads to the same places`, async (sub) => {
        if (!requireProgram(sub, program)) return
        for (const arrangement of arrangements.filter(({ what }) => alike.includes(what))) {
          await sub.test(arrangement.what, async (part) => {
            const place = { address, port: 443, tls }
            const http = settled(arrangement.http ?? {}, originOf(place))
            const registry = await startRegistry({ kind: peer, http }, part)
            const { base, root } = await arrange(part, kind, arrangement, place, registry)
            assert.deepEqual(await exercise(client, base), expectedLocations(root))
          })
        }
      })
    }
  })
}

function isToldOrigin({ http }: Arrangement): boolean {
  return JSON.stringify(http ?? {}).includes('ORIGIN')
}

function settled(http: NonNullable<Arrangement['http']>, origin: string): NonNullable<Arrangement['http']> {
  return JSON.parse(JSON.stringify(http).replaceAll('ORIGIN', origin)) as typeof http
}

/** Starts both, unless the registry runs already, and says where the registry is and where its answers should lead. */
async function arrange(
  t: TestContext,
  kind: FrontKind,
  { site, http = {}, root, edits }: Arrangement,
  place: Omit<Place, 'site'>,
  running?: RunningRegistry,
): Promise<{ base: string; root: string }> {
  const origin = originOf(place)
  const registry = running ?? (await startRegistry({ http: settled(http, origin) }, t))
  const { address, port, tls } = place
  const files = edits?.[kind]
  await startFront(
    {
      kind,
      registries: [registry.at],
      site,
      address,
      port,
      ...(tls && { tls }),
      ...(files && { edits: files }),
    },
    t,
  )
  return {
    base: site === 'whole-host' ? origin : `${origin}/registry`,
    root: root.replaceAll('ORIGIN', origin),
  }
}
