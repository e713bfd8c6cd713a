import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { http } from '../support/http.ts'
import { readImage } from '../support/registry-content.ts'
import { startRegistry } from '../support/registry-process.ts'
import { programPath, requireProgram } from '../support/require-program.ts'
import { run, words } from '../support/run.ts'
import { digestOf } from '../support/seeded.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

void test('helm', async (t) => {
  if (!requireProgram(t, 'helm')) return
  const registry = await startRegistry({}, t)
  const folder = temporaryFolder(t).path
  const helm = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(programPath('helm'), args, {
      cwd: folder,
      env: {
        HELM_CACHE_HOME: join(folder, 'cache'),
        HELM_CONFIG_HOME: join(folder, 'config'),
        HELM_DATA_HOME: join(folder, 'data'),
      },
    })
    return stdout + stderr
  }
  const charts = `oci://${registry.host}/charts`
  const chart = words(`${charts}/berth-chart --plain-http --version`)
  await helm('create', 'berth-chart')

  // A tag cannot hold the + of build metadata: helm writes _ instead, and back.
  for (const [version, tag] of [
    ['1.2.3', '1.2.3'],
    ['1.2.4+build.5', '1.2.4_build.5'],
  ] as const) {
    await t.test(`version ${version}`, async () => {
      await helm('package', 'berth-chart', '--version', version)
      const archive = readFileSync(join(folder, `berth-chart-${version}.tgz`))
      const said = await helm('push', `berth-chart-${version}.tgz`, charts, '--plain-http')
      const stored = await readImage(registry.url, 'charts/berth-chart', tag)
      assert.ok(said.includes(stored.digest))
      assert.equal(stored.manifest.config?.mediaType, 'application/vnd.cncf.helm.config.v1+json')
      assert.ok(stored.manifest.layers?.some(({ digest }) => digest === digestOf(archive)))

      const out = join(folder, `out-${tag}`)
      mkdirSync(out)
      await helm('pull', ...chart, version, '--destination', out)
      assert.deepEqual(readFileSync(join(out, `berth-chart-${version}.tgz`)), archive)
      const shown = await helm('show', 'chart', ...chart, version)
      assert.match(shown, new RegExp(`^version: ${version.replace('+', String.raw`\+`)}$`, 'm'))
    })
  }

  await t.test('finds the newest version that fits', async () => {
    const shown = await helm('show', 'chart', ...chart, '~1.2.0')
    assert.match(shown, /^version: 1\.2\.4\+build\.5$/m)
  })

  await t.test('renders a chart of the registry, by digest', async () => {
    const { digest } = await readImage(registry.url, 'charts/berth-chart', '1.2.3')
    const rendered = await helm('template', 'name', `${charts}/berth-chart@${digest}`, '--plain-http')
    assert.match(rendered, /helm\.sh\/chart: berth-chart-1\.2\.3/)
  })

  await t.test('lists both tags', async () => {
    const answer = await http('GET', `${registry.url}/v2/charts/berth-chart/tags/list`)
    assert.deepEqual(answer.json(), { name: 'charts/berth-chart', tags: ['1.2.3', '1.2.4_build.5'] })
  })
})
