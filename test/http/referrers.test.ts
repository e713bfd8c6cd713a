import assert from 'node:assert/strict'
import test from 'node:test'
import { mediaTypes } from '../support/images.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  descriptor,
  emptyConfig,
  image,
  index,
  numbered,
  pushManifest,
  typed,
  writeRaw,
  writeRawBlob,
  writeRawManifest,
  type DescriptorJson,
  type TypedContent,
} from './content.ts'
import { allPages, contentHeaders, outcome, startApp, type TestServer } from './in-process.ts'

const signature = 'application/vnd.example.signature'
const sbom = 'application/vnd.example.sbom'
const emptyType = 'application/vnd.oci.empty.v1+json'

function referrer(subject: TypedContent, fields: Readonly<Record<string, unknown>> = {}): TypedContent {
  return image({ subject: descriptor(subject, subject.mediaType), ...fields })
}

/** As the list of referrers shows a manifest. */
function listed(manifest: TypedContent, fields: Readonly<Record<string, unknown>>): DescriptorJson {
  return { ...descriptor(manifest, manifest.mediaType), ...fields }
}

async function referrersOf(
  server: TestServer,
  repository: string,
  digest: string,
  query = '',
): Promise<DescriptorJson[]> {
  const path = `/v2/${repository}/referrers/${digest}${query}`
  const get = await server.call('GET', path)
  assert.equal(get.status, 200)
  assert.equal(get.headers['content-type'], mediaTypes.ociIndex)
  const head = await server.call('HEAD', path)
  assert.equal(head.status, 200)
  assert.deepEqual(contentHeaders(head.headers), contentHeaders(get.headers))
  const { manifests, ...rest } = get.json() as { manifests: DescriptorJson[] }
  assert.deepEqual(rest, { schemaVersion: 2, mediaType: mediaTypes.ociIndex })
  return manifests
}

function byDigest(descriptors: readonly DescriptorJson[]): DescriptorJson[] {
  return descriptors.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
}

void test('referrers', async (t) => {
  const server = await startApp(t)
  const subject = numbered(1)
  const annotations = { 'org.example.note': 'kept', __proto__: null, ключ: 'значение' }
  const signed = referrer(subject, { artifactType: signature, annotations })
  const described = referrer(subject, { artifactType: sbom })
  const plain = referrer(subject, { annotations: { plain: 'yes' } })
  const listOf = index([], { subject: descriptor(subject, subject.mediaType) })
  const typedList = index([], { subject: descriptor(subject, subject.mediaType), artifactType: sbom })
  const all = byDigest([
    listed(signed, {
      artifactType: signature,
      annotations: JSON.parse(JSON.stringify(annotations)) as unknown,
    }),
    listed(described, { artifactType: sbom }),
    listed(plain, { artifactType: emptyType, annotations: { plain: 'yes' } }),
    listed(listOf, {}),
    listed(typedList, { artifactType: sbom }),
  ])

  await t.test('of what is not there: an empty index, never 404', async () => {
    assert.deepEqual(await referrersOf(server, 'nowhere', subject.digest), [])
    assert.deepEqual(await referrersOf(server, 'nowhere', digestOf('x', 'sha512')), [])
  })

  await t.test('are pushed before their subject, and answered with OCI-Subject', async () => {
    for (const [number, manifest] of [signed, described, plain, listOf, typedList].entries()) {
      const reference = number % 2 === 0 ? manifest.digest : `tag${number}`
      const answer = await pushManifest(server, 'r', reference, manifest)
      assert.equal(answer.headers['oci-subject'], subject.digest)
    }
    assert.deepEqual(await referrersOf(server, 'r', subject.digest), all)
    await pushManifest(server, 'r', 'subject', subject)
    assert.deepEqual(await referrersOf(server, 'r', subject.digest), all)
    assert.deepEqual(await referrersOf(server, 'other', subject.digest), [])
  })

  await t.test('by artifactType', async () => {
    for (const type of [signature, sbom, emptyType, 'application/other']) {
      const query = `?artifactType=${encodeURIComponent(type)}`
      const expected = all.filter((each) => each['artifactType'] === type)
      assert.deepEqual(await referrersOf(server, 'r', subject.digest, query), expected)
      const answer = await server.call('GET', `/v2/r/referrers/${subject.digest}${query}`)
      assert.equal(answer.headers['oci-filters-applied'], 'artifactType')
    }
    const unfiltered = await server.call('GET', `/v2/r/referrers/${subject.digest}`)
    assert.equal(unfiltered.headers['oci-filters-applied'], undefined)
  })

  await t.test('in pages', async () => {
    for (const size of [1, 2, 5, 6]) {
      const path = `/v2/r/referrers/${subject.digest}?n=${size}`
      const pages = await allPages(server, path)
      assert.deepEqual(
        pages.flatMap((page) => (page.json() as { manifests: unknown[] }).manifests),
        all,
      )
      assert.equal(pages.length, Math.ceil(all.length / size))
    }
    const filtered = await allPages(server, `/v2/r/referrers/${subject.digest}?n=1&artifactType=${sbom}`)
    assert.deepEqual(
      filtered.flatMap((page) => (page.json() as { manifests: unknown[] }).manifests),
      all.filter((each) => each['artifactType'] === sbom),
    )
    assert.ok(filtered.every((page) => page.headers['oci-filters-applied'] === 'artifactType'))
  })

  await t.test('n must be a number', async () => {
    for (const n of ['-1', 'x']) {
      const answer = await server.call('GET', `/v2/r/referrers/${subject.digest}?n=${n}`)
      assert.equal(outcome(answer), '400 PAGINATION_NUMBER_INVALID')
    }
  })

  await t.test('a digest that is none: 400', async () => {
    for (const bad of ['sha256:short', 'latest', `md5:${'0'.repeat(32)}`]) {
      assert.equal(outcome(await server.call('GET', `/v2/r/referrers/${bad}`)), '400 DIGEST_INVALID')
    }
  })

  await t.test('are gone when deleted, and come back when pushed again', async () => {
    await server.call('DELETE', `/v2/r/manifests/${signed.digest}`)
    const rest = all.filter((each) => each.digest !== signed.digest)
    assert.deepEqual(await referrersOf(server, 'r', subject.digest), rest)
    await pushManifest(server, 'r', signed.digest, signed)
    assert.deepEqual(await referrersOf(server, 'r', subject.digest), all)
    await server.call('DELETE', `/v2/r/manifests/${subject.digest}`)
    assert.deepEqual(await referrersOf(server, 'r', subject.digest), all, 'the subject matters not')
  })

  await t.test('of a subject with a sha512 digest', async () => {
    const digest = digestOf('somewhere', 'sha512')
    const manifest = image({ subject: { mediaType: mediaTypes.ociManifest, digest, size: 9 } })
    const answer = await pushManifest(server, 'r', 'sha512', manifest)
    assert.equal(answer.headers['oci-subject'], digest)
    assert.deepEqual(
      (await referrersOf(server, 'r', digest)).map((each) => each.digest),
      [manifest.digest],
    )
  })

  await t.test('pushed by a sha512 digest are listed by the canonical one, and can be pulled', async () => {
    const manifest = referrer(numbered(50), { artifactType: signature })
    await pushManifest(server, 'r', digestOf(manifest.content, 'sha512'), manifest)
    const [first, second] = await referrersOf(server, 'r', numbered(50).digest)
    assert.equal(second, undefined)
    assert.equal((await server.call('GET', `/v2/r/manifests/${first?.digest}`)).status, 200)
  })
})

void test('a page of referrers is no larger than a manifest may be', async (t) => {
  const server = await startApp(t)
  const subject = numbered(1)
  const pushed: string[] = []
  for (let number = 0; number < 7; number++) {
    const manifest = referrer(subject, {
      annotations: { number: String(number), text: 'x'.repeat(900_000) },
    })
    await pushManifest(server, 'large', manifest.digest, manifest)
    pushed.push(manifest.digest)
  }
  const pages = await allPages(server, `/v2/large/referrers/${subject.digest}`)
  assert.ok(pages.length > 1)
  assert.ok(pages.every((page) => page.body.length <= 4 * 1024 * 1024))
  const seen = pages.flatMap((page) => (page.json() as { manifests: DescriptorJson[] }).manifests)
  assert.deepEqual(
    seen.map((each) => each.digest),
    pushed.toSorted(),
  )
})

for (const driver of ['inmemory', 'filesystem'] as const) {
  void test(`a store that Distribution wrote (${driver})`, async (t) => {
    const storage = driver === 'inmemory' ? {} : { filesystem: { rootdirectory: temporaryFolder(t).path } }
    const server = await startApp(t, { storage })
    const subject = numbered(1)
    const signed = referrer(subject, { artifactType: signature })
    const expected = [listed(signed, { artifactType: signature })]

    await t.test('has its index built when it is first asked for', async () => {
      await writeRawBlob(server, 'old', emptyConfig)
      await writeRawManifest(server, 'old', subject, 'latest')
      await writeRawManifest(server, 'old', signed)
      await writeRawManifest(server, 'old', typed('', 'not JSON at all'), 'broken')
      await writeRaw(server, `repositories/old/_manifests/revisions/sha256/${'1'.repeat(64)}/link`, '')
      assert.deepEqual(await referrersOf(server, 'old', subject.digest), expected)
      const later = referrer(subject, { artifactType: sbom })
      await pushManifest(server, 'old', later.digest, later)
      assert.equal((await referrersOf(server, 'old', subject.digest)).length, 2)
    })

    await t.test('by many queries at once, each of which sees all', async () => {
      const many = Array.from({ length: 40 }, (_, number) =>
        referrer(subject, { annotations: { number: String(number) } }),
      )
      for (const manifest of many) await writeRawManifest(server, 'old/many', manifest)
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => referrersOf(server, 'old/many', subject.digest)),
      )
      for (const answer of answers) assert.equal(answer.length, 40)
    })

    await t.test('shows what lies under a fallback tag, if it refers to the subject', async () => {
      const stranger = referrer(numbered(2), { artifactType: signature })
      const list = index([signed, stranger, numbered(3)])
      await writeRawManifest(server, 'fallback', subject, 'latest')
      for (const each of [signed, stranger, numbered(3)]) await writeRawManifest(server, 'fallback', each)
      await writeRawManifest(server, 'fallback', list, subject.digest.replace(':', '-'))
      assert.deepEqual(await referrersOf(server, 'fallback', subject.digest), expected)
    })

    await t.test('a fallback tag that clients keep writing is honoured and listed once', async () => {
      await pushManifest(server, 'client', 'latest', subject)
      await pushManifest(server, 'client', signed.digest, signed)
      await pushManifest(server, 'client', subject.digest.replace(':', '-'), index([signed]))
      assert.deepEqual(await referrersOf(server, 'client', subject.digest), expected)
    })

    await t.test('a fallback tag that is no index, or points at nothing, harms nobody', async () => {
      await pushManifest(server, 'odd', subject.digest.replace(':', '-'), numbered(9))
      assert.deepEqual(await referrersOf(server, 'odd', subject.digest), [])
      const path = `repositories/odder/_manifests/tags/${subject.digest.replace(':', '-')}/current/link`
      await writeRaw(server, path, '')
      assert.deepEqual(await referrersOf(server, 'odder', subject.digest), [])
    })
  })
}
