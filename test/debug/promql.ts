/** As much of PromQL as it takes to know which metrics and labels an expression asks for. */

export interface Asked {
  /** The samples' names, each with the labels that its matchers name. */
  readonly selectors: readonly { readonly name: string; readonly labels: readonly string[] }[]
  /** The labels of `by`, `on`, `group_left` and the like. */
  readonly grouping: readonly string[]
}

/** After which a list of labels stands in parentheses. */
const labelLists: ReadonlySet<string> = new Set([
  'by',
  'without',
  'on',
  'ignoring',
  'group_left',
  'group_right',
])

const words: ReadonlySet<string> = new Set([
  'and',
  'or',
  'unless',
  'bool',
  'offset',
  'atan2',
  'inf',
  'nan',
  'start',
  'end',
])

type Token = string

/** Strings, durations in brackets, names, numbers with units, and single signs. Comments and spaces are left out. */
function tokens(expression: string): readonly Token[] {
  const pattern =
    /#[^\n]*|\s+|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\[[^\]]*\]|[A-Za-z_:][\w:]*|\d[\w.]*(?:[eE][+-]?\d+)?|=~|!~|!=|==|<=|>=|.)/gsu
  return [...expression.matchAll(pattern)].flatMap(([, token]) => (token === undefined ? [] : [token]))
}

/** Reads an expression that is known to be right: `promtool check rules` says so. */
export function asked(expression: string): Asked {
  const selectors: { name: string; labels: string[] }[] = []
  const grouping: string[] = []
  const all = tokens(expression)
  let index = 0
  const until = (end: string): readonly Token[] => {
    const from = index
    while (index < all.length && all[index] !== end) index++
    return all.slice(from, index++)
  }
  while (index < all.length) {
    const token = all[index++] ?? ''
    if (!/^[A-Za-z_:]/.test(token)) {
      if (token === '{') throw new Error(`a selector without a name in: ${expression}`)
      continue
    }
    const next = all[index]
    if (labelLists.has(token)) {
      if (next !== '(') continue
      index++
      grouping.push(...until(')').filter((label) => label !== ','))
    } else if (next !== '(' && !words.has(token.toLowerCase()) && !isAggregation(all, index)) {
      const labels: string[] = []
      if (next === '{') {
        index++
        const matchers = until('}')
        labels.push(...matchers.filter((_, at) => /^(?:=|!=|=~|!~)$/.test(matchers[at + 1] ?? '')))
      }
      selectors.push({ name: token, labels })
    }
  }
  return { selectors, grouping }
}

/** `sum by (le) (…)`: the name of a function that is not followed by its parentheses. */
function isAggregation(all: readonly Token[], next: number): boolean {
  return all[next] === 'by' || all[next] === 'without'
}
