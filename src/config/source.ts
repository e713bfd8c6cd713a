/** Where a value of the configuration comes from. Lines and columns count from 1. */
export type Source =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'variable'; readonly name: string }

export const defaultSource: Source = Object.freeze({ kind: 'default' })

/** A source as messages name it: `config.yml:3:10`, `REGISTRY_LOG_LEVEL`, or `default`. */
export function describeSource(source: Source): string {
  if (source.kind === 'file') return `${source.file}:${source.line}:${source.column}`
  return source.kind === 'variable' ? source.name : 'default'
}
