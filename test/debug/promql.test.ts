import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asked } from './promql.ts'

const examples: Readonly<Record<string, readonly [names: string, labels: string, grouping: string]>> = {
  up: ['up', '', ''],
  'up{job="berth"} == 0': ['up', 'job', ''],
  'sum(rate(a_total{code=~"5..", x!="}b{"}[5m])) / sum(rate(b_total[5m:1m] offset 1h)) > 0.05': [
    'a_total b_total',
    'code x',
    '',
  ],
  'histogram_quantile(0.95, sum by (job, le) (rate(d_bucket{h=~"a|b"}[$__rate_interval])))': [
    'd_bucket',
    'h',
    'job le',
  ],
  'sum without (instance) (a) or vector(0)': ['a', '', 'instance'],
  'sum(a) by (host)': ['a', '', 'host'],
  'a * on (instance) group_left (version) b': ['a b', '', 'instance version'],
  'a * on (instance) group_left b{c="d"}': ['a b', 'c', 'instance'],
  'changes(p[30m]) > 3 and on (job) q unless r': ['p q r', '', 'job'],
  '(a or b) - time() < 14 * 86400 # comment with c': ['a b', '', ''],
  'ns:a:rate5m > bool 1e3': ['ns:a:rate5m', '', ''],
  'max by (check) (berth_health_check_failing) == 1': ['berth_health_check_failing', '', 'check'],
}

describe('an expression asks for', () => {
  for (const [expression, [names, labels, grouping]] of Object.entries(examples)) {
    it(expression, () => {
      const { selectors, ...rest } = asked(expression)
      assert.equal(list(selectors.map(({ name }) => name)), names)
      assert.equal(list(selectors.flatMap((selector) => selector.labels)), labels)
      assert.equal(list(rest.grouping), grouping)
    })
  }
})

function list(items: readonly string[]): string {
  return items.join(' ')
}
