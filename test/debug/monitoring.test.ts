import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { programPath, repositoryRoot, requireProgram } from '../support/require-program.ts'
import { run } from '../support/run.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { allExpressions, monitoringFolder, readAlerts, readDashboard } from './expressions.ts'

describe('the alerts', () => {
  it('are rules that Prometheus takes', async (t) => {
    if (!requireProgram(t, 'promtool')) return
    await run(programPath('promtool'), [
      'check',
      'rules',
      '--lint-fatal',
      join(monitoringFolder, 'alerts.yml'),
    ])
  })

  it('fire when they should, and else do not', async (t) => {
    if (!requireProgram(t, 'promtool')) return
    const cases = join(repositoryRoot, 'test', 'debug', 'alerts-cases.yml')
    await run(programPath('promtool'), ['test', 'rules', cases])
  })

  it('each say how bad it is, what it is and what to do', () => {
    const alerts = readAlerts()
    assert.ok(alerts.length >= 10)
    for (const { alert, labels, annotations } of alerts) {
      assert.match(labels['severity'] ?? '', /^(?:critical|warning)$/, alert)
      assert.match(annotations['summary'] ?? '', /\{\{ \$labels\.instance \}\}/, alert)
      assert.ok((annotations['description'] ?? '').length > 20, alert)
    }
  })

  it('each have a case', () => {
    const cases = readFileSync(join(repositoryRoot, 'test', 'debug', 'alerts-cases.yml'), 'utf8')
    for (const { alert } of readAlerts())
      assert.match(cases, new RegExp(`\\n {8}alertname: ${alert}\\n {8}exp_alerts:`))
  })
})

describe('the dashboard', () => {
  it('asks in PromQL', async (t) => {
    if (!requireProgram(t, 'promtool')) return
    const file = join(temporaryFolder(t).path, 'rules.json')
    const rules = allExpressions().map(({ expression }, index) => ({
      record: `expression:${index}`,
      expr: expression,
    }))
    assert.ok(rules.length > 50)
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'all', rules }] }))
    await run(programPath('promtool'), ['check', 'rules', '--lint=none', file])
  })

  it('asks the data source, job and instances that are chosen', () => {
    const { panels, templating } = readDashboard()
    assert.deepEqual(
      templating.list.map(({ name }) => name),
      ['datasource', 'job', 'instance'],
    )
    for (const { title, datasource, targets = [] } of panels) {
      if (targets.length === 0) continue
      assert.equal(datasource?.uid, '${datasource}', title)
      for (const { expr, datasource: own } of targets) {
        assert.equal(own.uid, '${datasource}', title)
        const selectors = [...expr.matchAll(/\{([^}]*)\}/g)]
        assert.ok(selectors.length > 0, title)
        for (const [, matchers = ''] of selectors)
          assert.match(matchers, /job="\$job", instance=~"\$instance"/, `${title}: ${expr}`)
      }
    }
  })

  it('has a row for each subject, and panels that do not overlap', () => {
    const { panels, schemaVersion } = readDashboard()
    assert.ok(schemaVersion >= 38, 'Grafana 10')
    assert.deepEqual(
      panels.filter(({ type }) => type === 'row').map(({ title }) => title),
      [
        'Overview',
        'Traffic',
        'Latency',
        'Errors',
        'Access',
        'Bytes',
        'Uploads',
        'Storage',
        'Cache',
        'Process',
        'Certificates and configuration',
        'Health',
      ],
    )
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    const taken = new Map<string, string>()
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies on another panel`)
          taken.set(`${x},${y}`, title)
        }
      }
    }
  })
})
