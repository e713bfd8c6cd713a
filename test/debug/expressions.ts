import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { repositoryRoot } from '../support/require-program.ts'

export const monitoringFolder: string = join(repositoryRoot, 'deploy', 'monitoring')

/** PromQL, with Grafana's variables replaced. */
export interface Expression {
  readonly where: string
  readonly expression: string
}

export interface Dashboard {
  readonly panels: readonly Panel[]
  readonly schemaVersion: number
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr?: string }[] }
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly {
    readonly refId: string
    readonly expr: string
    readonly datasource: { readonly uid: string }
  }[]
}

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(monitoringFolder, 'grafana-dashboard.json'), 'utf8')) as Dashboard
}

export function readAlerts(): readonly Alert[] {
  const { groups } = parse(readFileSync(join(monitoringFolder, 'alerts.yml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Alert[] }[]
  }
  return groups.flatMap(({ rules }) => rules)
}

/** All that is asked for by the alerts and by the dashboard: its panels, annotations and variables. */
export function allExpressions(): readonly Expression[] {
  const { panels, annotations, templating } = readDashboard()
  return [
    ...readAlerts().map(({ alert, expr }) => ({ where: `alert ${alert}`, expression: expr })),
    ...panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ refId, expr }) => ({ where: `panel ${title} ${refId}`, expression: expr })),
    ),
    ...annotations.list.flatMap(({ name, expr }) =>
      expr === undefined ? [] : [{ where: `annotation ${name}`, expression: expr }],
    ),
    ...templating.list.flatMap(({ name, definition = '' }) => {
      const selector = /^label_values\((.*), \w+\)$/.exec(definition)?.[1]
      return selector === undefined ? [] : [{ where: `variable ${name}`, expression: selector }]
    }),
  ].map(({ where, expression }) => ({ where, expression: withoutVariables(expression) }))
}

function withoutVariables(expression: string): string {
  return expression
    .replaceAll('$__rate_interval', '5m')
    .replaceAll('$job', 'berth')
    .replaceAll('$instance', '.*')
}
