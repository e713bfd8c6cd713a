import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { http } from '../support/http.ts'
import { startRegistry } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** Writes what was loaded, by package, when the process exits. */
const spy = `
  const { writeFileSync } = require('node:fs')
  process.on('exit', () => {
    const packages = Object.keys(require('node:module')._cache)
      .map((file) => /node_modules[/]((?:@[^/]+[/])?[^/]+)/.exec(file)?.[1])
    writeFileSync(process.env.LOADED, [...new Set(packages)].join('\\n'))
  })`

async function loadedPackages(test: TestContext, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const folder = temporaryFolder(test).path
  const loaded = join(folder, 'loaded')
  writeFileSync(join(folder, 'spy.cjs'), spy)
  const registry = await startRegistry({
    kind: 'berth',
    nodeFlags: ['--require', join(folder, 'spy.cjs')],
    env: { LOADED: loaded, ...env },
  })
  await http('GET', `${registry.url}/v2/a/tags/list`)
  await registry.stop()
  return readFileSync(loaded, 'utf8').split('\n')
}

it('nothing of OpenTelemetry or of mail is loaded unless asked for', async (t) => {
  // The API alone, which does nothing, comes with prom-client.
  const heavy = /opentelemetry\/(?!api$)|grpc|protobuf|nodemailer/
  for (const env of [
    { OTEL_TRACES_EXPORTER: undefined },
    { OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
    { OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' },
    { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_EXPORTER: undefined },
  ]) {
    const packages = await loadedPackages(t, env)
    assert.ok(packages.includes('pino'), packages.join(' '))
    assert.deepEqual(
      packages.filter((name) => heavy.test(name)),
      [],
    )
  }
  const packages = await loadedPackages(t, { OTEL_TRACES_EXPORTER: 'console' })
  assert.ok(packages.includes('@opentelemetry/sdk-trace'), packages.join(' '))
  assert.deepEqual(
    packages.filter((name) => /otlp|grpc|protobuf|nodemailer/.test(name)),
    [],
  )
})
